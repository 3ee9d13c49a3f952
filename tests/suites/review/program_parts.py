"""The parts of random programs: source text in which `V` is the data that a part is given and `W` what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Part:
    """A transformation or a guard. head: definitions at the top of the module; body: lines of the handler.

    nests: the condition under which the rest is executed, or empty.
    """

    body: str = ""
    head: str = ""
    nests: str = ""


@dataclass(frozen=True, slots=True)
class ProgramSink:
    """A sink: the weakness that it has, its line, and the texts of which each does harm there."""

    cwe: int
    line: str
    harmful: tuple[str, ...]


SOURCES: Final = (
    "V = request.args['q']",
    "V = request.args.get('q', '')",
    "V = request.form['q']",
    "V = request.headers.get('X-Q')",
    "V = request.cookies.get('q', 'none')",
    "V = request.get_json()['q']",
    "V = request.values.get('q')",
    "given = request.args\nV = given['q']",
)

SINKS: Final = (
    ProgramSink(89, "db.cursor().execute('SELECT ' + V)", ("'",)),
    ProgramSink(89, "db.cursor().execute(f'SELECT {V} FROM t')", ("'",)),
    ProgramSink(89, "db.cursor().execute('SELECT ?', (V,))", ()),
    ProgramSink(78, "os.system('ls ' + V)", (";",)),
    ProgramSink(78, "subprocess.run(f'ls {V}', shell=True)", (";",)),
    ProgramSink(78, "os.system('ls ' + shlex.quote(V))", ()),
    ProgramSink(78, "subprocess.run(['ls', '--', V])", ()),
    ProgramSink(94, "eval(V)", ("(", ".")),
    ProgramSink(22, "open('/data/' + V)", ("/../",)),
    ProgramSink(79, "return 'got ' + V", ("<",)),
    ProgramSink(1336, "render_template_string('Hello ' + V)", ("{",)),
)

DECODES: Final = (
    Part("W = base64.b64decode(base64.b64encode(V.encode())).decode()"),
    Part("W = urllib.parse.unquote(urllib.parse.quote(V))"),
    Part("W = html.unescape(html.escape(V))"),
    Part("W = bytes.fromhex(V.encode().hex()).decode()"),
)
"""Transformations that decode. They come first: what is decoded may be anything again, whatever it was before."""

KEEPS: Final = (
    Part("W = V"),
    Part("W = V + 'x'"),
    Part("W = 'x' + V + 'y'"),
    Part("W = f'a{V}b'"),
    Part("W = f'{V:>40}'"),
    Part("W = '%s-%s' % ('a', V)"),
    Part("W = '%(a)s' % {'a': V}"),
    Part("W = '{}:{}'.format('a', V)"),
    Part("W = '{name}'.format(name=V)"),
    Part("W = string.Template('$a').substitute(a=V)"),
    Part("W = V.strip()"),
    Part("W = V.upper().lower()"),
    Part("W = V.replace('q', 'z')"),
    Part("W = V[0:]"),
    Part("W = V[::-1]"),
    Part("W = str(V)"),
    Part("W = ' '.join(['a', V])"),
    Part("W = ''.join(reversed(V))"),
    Part("W = ''.join(c for c in V)"),
    Part("W = ''.join([c for c in V if c != 'q'])"),
    Part("W = ''.join(map(str, V))"),
    Part("W = ''\nfor c in V:\n    W += c"),
    Part("W = V.encode().decode()"),
    Part("W = json.loads(json.dumps({'a': V}))['a']"),
    Part("W = codecs.decode(V.encode(), 'utf-8')"),
    Part("W = V.split(',')[0] or V"),
    Part("W = V.partition('=')[2] or V"),
    Part("W = V.rsplit('=', 1)[-1]"),
    Part("W = V if V else 'none'"),
    Part("W = V or 'none'"),
    Part("W = 'none' if not V else V"),
    Part("W = (V, 'a')[0]"),
    Part("W, other = V, 'a'"),
    Part("head, *W = ['a', V]\nW = W[0]"),
    Part("pair = ('a', V)\nother, W = pair"),
    Part("items = ['a', V]\nW = items[1]"),
    Part("items = []\nitems.append('a')\nitems.append(V)\nW = items.pop()"),
    Part("items = ['a']\nitems.extend([V])\nW = items[-1]"),
    Part("items = ['a'] + [V]\nW = items[1]"),
    Part("items = ['a', 'b']\nitems[1] = V\nW = items[1]"),
    Part("items = ['a']\nitems.insert(0, V)\nW = items[0]"),
    Part("items = [V, 'a']\nW = [each for each in items][0]"),
    Part("data = {'a': 'x', 'b': V}\nW = data['b']"),
    Part("data = {}\ndata['b'] = V\nW = data.get('b')"),
    Part("data = dict(a='x', b=V)\nW = data.pop('b')"),
    Part("data = {'a': 'x'}\ndata.update(b=V)\nW = data['b']"),
    Part("data = {}\nW = data.setdefault('a', V)"),
    Part("data = {'a': {'b': [V]}}\nW = data['a']['b'][0]"),
    Part("data = {'b': V}\nW = [value for key, value in data.items()][0]"),
    Part("data = {'b': V}\nW = list(data.values())[0]"),
    Part("data = {**{'a': 'x'}, 'b': V}\nW = data['b']"),
    Part("data = collections.defaultdict(str)\ndata['a'] += V\nW = data['a']"),
    Part("data = copy.deepcopy({'a': V})\nW = data['a']"),
    Part("W = operator.itemgetter(1)(['a', V])"),
    Part("W = functools.reduce(lambda a, b: a + b, ['a', V])"),
    Part("W = next(iter([V]))"),
    Part("W = max([V, ''])"),
    Part("W = sorted([V])[0]"),
    Part("W = list(itertools.chain(['a'], [V]))[1]"),
    Part("W = [b for a, b in zip(['a'], [V])][0]"),
    Part("W = [each for number, each in enumerate([V])][0]"),
    Part("buffer = io.StringIO()\nbuffer.write('a')\nbuffer.write(V)\nW = buffer.getvalue()"),
    Part("if len(V) > 1:\n    W = V\nelse:\n    W = 'short'"),
    Part("W = 'a'\nif True:\n    W = V"),
    Part("W = V\nif 1 > 2:\n    W = 'a'"),
    Part("W = 'a'\nwhile True:\n    W = V\n    break"),
    Part("W = 'a'\nfor number in range(2):\n    W = V"),
    Part("try:\n    W = V\n    int(V)\nexcept ValueError:\n    pass"),
    Part("try:\n    W = str(int(V))\nexcept ValueError:\n    W = V"),
    Part("try:\n    raise ValueError(V)\nexcept ValueError as error:\n    W = str(error)"),
    Part("try:\n    pass\nfinally:\n    W = V"),
    Part("match len(V):\n    case 0:\n        W = 'none'\n    case _:\n        W = V"),
    Part("W = V\nassert W is not None"),
    Part("if (W := V):\n    pass"),
    Part("W = (lambda text: text + 'x')(V)"),
    Part("def inner():\n    return V\nW = inner()"),
    Part("def inner(text):\n    return text\nW = inner(text=V)"),
    Part("W = same(V)", "def same(text):\n    return text\n"),
    Part("W = twice(V)", "def twice(text):\n    return same_of(text)\ndef same_of(text):\n    return text + 'x'\n"),
    Part("W = second('a', V)", "def second(one, two):\n    return two\n"),
    Part("W = named(two=V, one='a')", "def named(one, two='b'):\n    return two\n"),
    Part("W = rest('a', V)", "def rest(one, *others):\n    return others[0]\n"),
    Part("W = keywords(a=V)", "def keywords(**given):\n    return given['a']\n"),
    Part("W = spread(*['a', V])", "def spread(one, two):\n    return two\n"),
    Part("W = spread_named(**{'two': V})", "def spread_named(two):\n    return two\n"),
    Part("W = early(V)", "def early(text):\n    if len(text) > 3:\n        return text\n    return 'short'\n"),
    Part("W = list(letters(V))[0]", "def letters(text):\n    yield text\n    yield 'a'\n"),
    Part("W = nested(V, 3)", "def nested(text, depth):\n    return text if depth == 0 else nested(text, depth - 1)\n"),
    Part("W = functools.partial(glued, 'a')(V)", "def glued(one, two):\n    return one + two\n"),
    Part(
        "W = wrapped(V)",
        "def shouting(function):\n    def inner(text):\n        return function(text)\n    return inner\n"
        "@shouting\ndef wrapped(text):\n    return text\n",
    ),
    Part(
        "W = OPERATIONS['b'](V)",
        "def one_a(text):\n    return 'a'\ndef one_b(text):\n    return text\nOPERATIONS = {'a': one_a, 'b': one_b}\n",
    ),
    Part("W = Box(V).text", "class Box:\n    def __init__(self, text):\n        self.text = text\n"),
    Part(
        "box = Bag()\nbox.put(V)\nW = box.take()",
        "class Bag:\n    def __init__(self):\n        self.items = []\n"
        "    def put(self, text):\n        self.items.append(text)\n"
        "    def take(self):\n        return self.items[0]\n",
    ),
    Part(
        "W = Child().of(V)",
        "class Parent:\n    def of(self, text):\n        return text\nclass Child(Parent):\n    pass\n",
    ),
    Part("W = Maker.made(V)", "class Maker:\n    @staticmethod\n    def made(text):\n        return text + 'x'\n"),
    Part(
        "W = Named.of(V).name",
        "class Named:\n    def __init__(self, name):\n        self.name = name\n"
        "    @classmethod\n    def of(cls, name):\n        return cls(name)\n",
    ),
    Part(
        "W = Shown(V).shown",
        "class Shown:\n    def __init__(self, text):\n        self._text = text\n"
        "    @property\n    def shown(self):\n        return self._text\n",
    ),
    Part("W = Point('a', V).y", "@dataclasses.dataclass\nclass Point:\n    x: str\n    y: str\n"),
    Part("W = Pair('a', V).y", "Pair = collections.namedtuple('Pair', 'x y')\n"),
    Part(
        "W = str(Text(V))",
        "class Text:\n    def __init__(self, text):\n        self.text = text\n"
        "    def __str__(self):\n        return self.text\n",
    ),
    Part(
        "W = Adder('a') + V",
        "class Adder:\n    def __init__(self, text):\n        self.text = text\n"
        "    def __add__(self, other):\n        return self.text + other\n",
    ),
    Part("with opened(V) as W:\n    pass", "@contextlib.contextmanager\ndef opened(text):\n    yield text\n"),
    Part("remember(V)\nW = MEMORY['a']", "MEMORY = {}\ndef remember(text):\n    MEMORY['a'] = text\n"),
    Part("fill(V, filled := [])\nW = filled[0]", "def fill(text, into):\n    into.append(text)\n"),
    Part("W = os.path.join('a', V)"),
    Part("W = os.path.join(V, 'a', V)"),
    Part("W = re.sub('q', 'z', V)"),
    Part("W = re.sub('^', V.replace('\\\\', ''), 'a')"),
    Part("W = V.translate({113: 'z'})"),
    Part("W = V.title().swapcase()"),
    Part("W = V.removeprefix('a').removesuffix('b')"),
    Part("W = V.center(60).lstrip()"),
    Part("W = (V + '\\nrest').splitlines()[0] + V"),
    Part("W = textwrap.dedent(V)"),
    Part("W = V * 2"),
    Part("W = 'a'\nW += V"),
    Part("setattr(box := types.SimpleNamespace(), 'text', V)\nW = getattr(box, 'text')"),
    Part("W = types.SimpleNamespace(text=V).text"),
)
"""Transformations after which the data is as harmful as before."""

ENDS: Final = (
    Part("W = 'fixed'"),
    Part("W = str(len(V))"),
    Part("W = str(int(V))"),
    Part("W = str(int(V) + 1)"),
    Part("W = '%d' % int(V)"),
    Part("W = f'{float(V)}'"),
    Part("W = str(V == 'a')"),
    Part("W = 'a' if V else 'b'"),
    Part("W = 'yes' if 'q' in V else 'no'"),
    Part("W = hashlib.sha256(V.encode()).hexdigest()"),
    Part("W = V.encode().hex()"),
    Part("W = str(V.count('a'))"),
    Part("W = ('a', V)[0]"),
    Part("other, W = V, 'a'"),
    Part("items = ['a', V]\nW = items[0]"),
    Part("items = [V]\nitems.append('a')\nW = items.pop()"),
    Part("items = [V]\nitems[0] = 'a'\nW = items[0]"),
    Part("items = [V, 'a']\nitems.pop(0)\nW = items[0]"),
    Part("data = {'a': 'x', 'b': V}\nW = data['a']"),
    Part("data = {'b': V}\ndata['b'] = 'x'\nW = data['b']"),
    Part("data = {'b': V}\nW = data.get('a', 'x')"),
    Part("data = {'b': V}\nW = list(data)[0]"),
    Part("data = {'b': V}\ndel data['b']\nW = data.get('b', 'x')"),
    Part("data = {'a': 'x', 'b': 'y'}\nW = data.get(V, 'z')"),
    Part("W = 'a'\nif False:\n    W = V"),
    Part("W = V\nif True:\n    W = 'a'"),
    Part("W = V if 1 > 2 else 'a'"),
    Part("W = 'a'\nfor each in ():\n    W = V"),
    Part("W = V\nfor each in range(2):\n    W = 'a'"),
    Part("W = 'a'\nwhile False:\n    W = V"),
    Part("W = V\ntry:\n    W = 'a'\nfinally:\n    pass"),
    Part("try:\n    W = str(int(V))\nexcept ValueError:\n    W = '0'"),
    Part("W = first('a', V)", "def first(one, two):\n    return one\n"),
    Part("W = fixed(V)", "def fixed(text):\n    text = 'a'\n    return text\n"),
    Part("W = last('a', V)", "def last(*texts):\n    return texts[0]\n"),
    Part(
        "W = Held(V).other",
        "class Held:\n    def __init__(self, text):\n        self.text = text\n        self.other = 'a'\n",
    ),
    Part(
        "box = Kept(V)\nbox.text = 'a'\nW = box.text",
        "class Kept:\n    def __init__(self, text):\n        self.text = text\n",
    ),
    Part(
        "W = CHOICES['a'](V)",
        "def of_a(text):\n    return 'a'\ndef of_b(text):\n    return text\nCHOICES = {'a': of_a, 'b': of_b}\n",
    ),
    Part(
        "W = Over().of(V)",
        "class Under:\n    def of(self, text):\n        return text\nclass Over(Under):\n"
        "    def of(self, text):\n        return 'a'\n",
    ),
    Part("W = Spot('a', V).x", "@dataclasses.dataclass\nclass Spot:\n    x: str\n    y: str\n"),
    Part("def inner(text='a'):\n    return text\nW = inner()"),
    Part("W = (lambda text: 'a')(V)"),
    Part("match 1:\n    case 1:\n        W = 'a'\n    case _:\n        W = V"),
    Part("W = re.sub('[^a-z]', '', V)"),
    Part("W = ''.join(c for c in V if c.isalnum())"),
    Part("W = str(bool(V))"),
    Part("W = type(V).__name__"),
)
"""Transformations after which nothing of the data is left, or nothing harmful."""

CLEANS: Final = (
    Part("W = html.escape(V)"),
    Part("W = V.replace(\"'\", '')"),
    Part("W = V.replace(\"'\", \"''\").replace(\"'\", '')"),
    Part("W = V.replace('<', '&lt;').replace('>', '&gt;')"),
    Part("W = os.path.basename(V)"),
    Part("W = urllib.parse.quote(V)"),
    Part("W = V.replace('{', '')"),
    Part("W = V.replace('/', '_')"),
)
"""Transformations that take the harm out for one kind of sink only."""

GUARDS: Final = (
    *(Part() for _ in range(12)),
    Part("if V not in ('a', 'b'):\n    return 'no'"),
    Part("if V not in {'a', 'b'}:\n    raise ValueError"),
    Part(nests="V in ['a', 'b']"),
    Part(nests="V == 'a'"),
    Part(nests="V != 'a'"),
    Part("if V != 'a':\n    return 'no'"),
    Part("if not V.isalnum():\n    return 'no'"),
    Part("if not V.isdigit():\n    V = '0'"),
    Part(nests="V.isalpha()"),
    Part("if not re.fullmatch('[a-z0-9]+', V):\n    return 'no'"),
    Part("if re.match(r'^[a-z]+\\Z', V) is None:\n    return 'no'"),
    Part("if not PATTERN.fullmatch(V):\n    return 'no'", "PATTERN = re.compile(r'\\w+')\n"),
    Part("if not re.match('a', V):\n    pass"),
    Part("if len(V) > 500:\n    return 'no'"),
    Part("if V.startswith('q'):\n    return 'no'"),
    Part(nests="len(V) < 500"),
    Part(nests="'q' not in V"),
    Part("if \"'\" in V:\n    return 'no'"),
    Part("if '<' in V or '{' in V:\n    return 'no'"),
    Part("if '..' in V:\n    return 'no'"),
    Part("if not good(V):\n    return 'no'", "def good(text):\n    return text.isalnum()\n"),
    Part("if not plain(V):\n    return 'no'", "def plain(text):\n    return len(text) > 0\n"),
    Part("check(V)", "def check(text):\n    if not text.isalnum():\n        raise ValueError(text)\n"),
    Part("verify(V)", "def verify(text):\n    if not text:\n        raise ValueError(text)\n"),
    Part("if V not in ALLOWED:\n    return 'no'", "ALLOWED = frozenset({'a', 'b'})\n"),
    Part("if all(c in 'abc' for c in V):\n    pass"),
    Part("if not all(c.isalnum() for c in V):\n    return 'no'"),
    Part("try:\n    int(V)\nexcept ValueError:\n    return 'no'"),
    Part("try:\n    int(V)\nexcept ValueError:\n    pass"),
    Part(nests="False"),
    Part(nests="True"),
    Part(nests="1 + 1 == 2"),
)
