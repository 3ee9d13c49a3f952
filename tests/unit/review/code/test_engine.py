"""Where data goes: one line per way that it may take, each beside one that does no harm."""

import os
import subprocess
import sys

import pytest

from berth.review.code.engine import CodeReview, review_code
from berth.review.code.library import load_library
from berth.review.code.module_names import module_names
from berth.review.code.parse import SourceTree
from berth.review.model import Severity

LIBRARY = load_library()
HEAD = "import os, re, subprocess\nfrom flask import Flask, request, redirect, abort\napp = Flask(__name__)\n"
ROUTE = "@app.route('/x')\ndef handler():\n    q = request.args['q']\n"


def review(**files: str) -> CodeReview:
    tree = SourceTree("t", {f"{name}.py": text.encode() for name, text in sorted(files.items())})
    return review_code(tree, LIBRARY)


def found(body: str, head: str = "") -> set[int]:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return {finding.cwe for finding in review(app=HEAD + head + ROUTE + lines).findings}


# A body of a handler in which q is data of a request, and the CWE that it does.
BAD = [
    ("os.system('ls ' + q)", 78),
    ("subprocess.run(f'ls {q}', shell=True)", 78),
    ("subprocess.run(['sh', '-c', q])", 78),
    ("words = ['sh', '-c']\nwords.append(q)\nsubprocess.run(words)", 78),
    ("db.cursor().execute('select ' + q)", 89),
    ("db.cursor().execute('select {}'.format(q))", 89),
    ("db.cursor().execute('select %s' % q)", 89),
    ("d = {'a': 'x', 'b': q}\ndb.cursor().execute('select ' + d['b'])", 89),
    ("import sqlalchemy\nc.execute(sqlalchemy.text('select ' + q))", 89),
    ("open(os.path.join('/data', q))", 22),
    ("if q.startswith('/data'):\n    open(q)", 22),
    ("eval(q)", 94),
    ("import pickle\npickle.loads(q)", 502),
    ("import yaml\nyaml.load(q, Loader=yaml.Loader)", 502),
    ("import requests\nrequests.get(q)", 918),
    ("import requests\nrequests.get('https://' + q)", 918),
    ("return redirect(q)", 601),
    ("return '<p>' + q", 79),
    ("return f'<p>{q}', 200", 79),
    ("from lxml import etree\netree.parse('a').xpath(f\"/a[@b='{q}']\")", 643),
    ("import base64\nreturn base64.b64decode(base64.b64encode(q))", 79),
    ("for i in range(3):\n    q = q + str(i)\neval(q)", 94),
    ("try:\n    x = q\nexcept ValueError:\n    x = ''\neval(x)", 94),
    ("x = '' if 1 > 2 else q\neval(x)", 94),
]
GOOD = [
    "os.system('ls ' + str(int(q)))",
    "subprocess.run(['ls', '--', q])",
    "db.cursor().execute('select ?', (q,))",
    "d = {'a': 'x', 'b': q}\ndb.cursor().execute('select ' + d['a'])",
    "import sqlalchemy\nc.execute(sqlalchemy.select(t).where(t.c.a == q))",
    "c.execute(tables.users.select().where(tables.users.c.a == q))",
    "request.headers['X-A'] = q",
    "if q in ('a', 'b'):\n    db.cursor().execute('select ' + q)",
    "if q not in ('a', 'b'):\n    abort(400)\ndb.cursor().execute('select ' + q)",
    "p = os.path.realpath(os.path.join('/data', q))\nif not p.startswith('/data/'):\n    abort(400)\nopen(p)",
    "from pathlib import Path\np = (Path('/data') / q).resolve()\nif p.is_relative_to('/data'):\n    p.read_text()",
    "from werkzeug.utils import secure_filename\nopen('/data/' + secure_filename(q))",
    "if not re.fullmatch('[a-z]+', q):\n    return 'no'\nos.system('ls ' + q)",
    "if not q.isalnum():\n    return 'no'\nos.system('ls ' + q)",
    "import ast\nast.literal_eval(q)",
    "import yaml\nyaml.safe_load(q)",
    "import requests\nrequests.get('https://example.org/' + q)",
    "from urllib.parse import urlparse\nif urlparse(q).netloc in ['example.org']:\n    return redirect(q)",
    "import html\nreturn '<p>' + html.escape(q)",
    "return {'name': q}",
    "x = q if 1 > 2 else ''\neval(x)",
    "q = 'constant'\neval(q)",
    "try:\n    q = int(q)\nexcept ValueError:\n    return 'no'\nreturn f'<p>{q}'",
]


@pytest.mark.parametrize(("body", "cwe"), BAD)
def test_data_that_does_harm_is_found(body: str, cwe: int) -> None:
    assert cwe in found(body)


@pytest.mark.parametrize("body", GOOD)
def test_data_that_does_no_harm_is_not_reported(body: str) -> None:
    assert found(body) == set()


def test_data_is_followed_through_files_and_objects() -> None:
    store = "class Store:\n    def __init__(self, db, name):\n        self.db = db\n        self.name = name\n"
    store += "    def read(self):\n        return self.db.execute('select ' + self.name)\n"
    app = HEAD + "from store import Store\n" + ROUTE + "    return {'a': Store(db, q).read()}\n"
    (finding,) = review(app=app, store=store).findings
    assert (finding.cwe, finding.place.path, finding.place.line) == (89, "store.py", 6)
    assert finding.severity is Severity.CRITICAL
    assert finding.steps[0].place.path == "app.py"
    assert finding.symbol == "store.Store.read"


@pytest.mark.parametrize(
    ("checker", "cwes"),
    [
        ("def good(t):\n    return t.isalnum()\n", set()),
        ("def good(t):\n    if not t.isalnum():\n        return False\n    return True\n", set()),
        ("def good(t):\n    return True\n", {78}),
    ],
)
def test_a_checker_is_read_not_trusted_by_its_name(checker: str, cwes: set[int]) -> None:
    assert found("if not good(q):\n    return 'no'\nos.system('ls ' + q)", checker) == cwes


def test_a_function_that_nothing_calls_is_a_question_where_there_are_entries() -> None:
    text = HEAD + "@app.route('/')\ndef index():\n    return 'a'\ndef spare(command):\n    os.system(command)\n"
    result = review(app=text)
    assert result.findings == ()
    assert [question.cwes for question in result.questions] == [(78,)]


@pytest.mark.parametrize(("route", "cwes"), [("/a/b", set()), ("/a/<path:rest>", {94})])
def test_the_path_of_a_fixed_route_is_not_from_outside(route: str, cwes: set[int]) -> None:
    text = (
        HEAD + f"@app.route({route!r})\ndef handler(**given):\n    eval(request.path.split('/')[1])\n    return 'a'\n"
    )
    assert {finding.cwe for finding in review(app=text).findings} == cwes


def test_two_runs_give_the_same() -> None:
    text = HEAD + ROUTE + "    os.system(q)\n    eval(q)\n    return q\n"
    assert review(app=text).findings == review(app=text).findings


SEVERAL_WAYS = """from app import app
class Roles:
    def __init__(self, owner, server, host):
        self.owner, self.server, self.host = owner, server, host
def statements(roles):
    for each in (roles.owner, roles.server, roles.host):
        yield f"grant {each}"
@app.get("/a")
def a(c, owner, server, host):
    for each in list(statements(Roles(owner, server, host))):
        c.execute(each)
"""
PROGRAM = """import sys
from berth.review.code.engine import review_code
from berth.review.code.parse import SourceTree
print(review_code(SourceTree("t", {"a.py": sys.argv[1].encode()})).findings)
"""


def test_two_processes_give_the_same() -> None:
    results = set()
    for seed in ("1", "3"):  # of the hashes of texts, and so of the order of sets
        command = [sys.executable, "-c", PROGRAM, SEVERAL_WAYS]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        results.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    (result,) = results
    assert "sql-injection" in result


def test_hostile_code_ends() -> None:
    loops = "def f(x):\n    while True:\n        x = f(f(x)) + g(x)\ndef g(x):\n    return f(x) or g(g(x))\n"
    assert review(app=loops, other="from app import *\nfrom other import *\n").coverage.files == 2


def test_modules_that_import_all_of_each_other_are_searched_once() -> None:
    stars = "".join(f"from .m{number} import *\n" for number in range(12))
    files = {"__init__.py": stars.encode(), "app.py": b"from pkg import missing\nmissing()\n"}
    files |= {f"m{number}.py": stars.encode() for number in range(12)}
    assert review_code(SourceTree("pkg", dict(sorted(files.items())), package="pkg"), LIBRARY).findings == ()


def test_a_package_and_its_modules_have_one_name() -> None:
    tree = SourceTree("pkg", {"__init__.py": b"", "a.py": b"", "b/__init__.py": b"", "b/c.py": b""}, package="pkg")
    assert module_names(tree) == {
        "__init__.py": "pkg",
        "a.py": "pkg.a",
        "b/__init__.py": "pkg.b",
        "b/c.py": "pkg.b.c",
    }
