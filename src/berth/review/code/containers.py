"""Methods of lists, dictionaries and sets."""

import ast

from msgspec.structs import replace

from berth.review.code.frame import Arguments, Frame
from berth.review.code.values import NOTHING, UNKNOWN, Constant, Thing, Value, constant, join, join_all, labelled

_READ = frozenset({"get", "setdefault", "pop", "popitem"})


STORES = frozenset(
    {
        *("configparser.ConfigParser", "configparser.RawConfigParser", "configparser.SafeConfigParser"),
        *("io.StringIO", "io.BytesIO", "queue.Queue", "queue.LifoQueue", "queue.SimpleQueue"),
    }
)
"""Things of outside that keep what they are given."""


def _call_store(frame: Frame, base: Value, thing: Thing, name: str, arguments: Arguments) -> Value:
    given = arguments.positional
    keys = [each.single() for each in given[:2]]
    if name == "set" and len(given) == 3 and all(keys):
        frame.change(base, lambda each: each.put(tuple(key[0] for key in keys if key), given[2]))
    elif name in ("get", "getint", "getfloat", "getboolean") and len(given) >= 2:
        found = thing.get(tuple(key[0] for key in keys if key)) if all(keys) else labelled(UNKNOWN, frame.content(base))
        default = arguments.named.get("fallback", NOTHING)
        return join_all([found or UNKNOWN, *([] if found and thing.is_exact else [default])])
    elif name in ("write", "writelines", "put", "put_nowait", "read_string", "read_dict", "read", "readfp"):
        labels = frozenset().union(*(frame.content(each) for each in given))
        if name in ("read", "readfp") and "configparser" not in str(thing.owner):
            return labelled(UNKNOWN, frame.content(base))
        frame.change(base, lambda each: replace(each, rest=join(each.rest, labelled(UNKNOWN, labels)), is_exact=False))
    else:
        return labelled(UNKNOWN, frame.content(base))
    return UNKNOWN


def call_container(frame: Frame, node: ast.AST, base: Value, thing: Thing, name: str, arguments: Arguments) -> Value:
    """Return what a method of a container gives, after changing it."""
    if thing.kind == "store":
        return _call_store(frame, base, thing, name, arguments)
    first = arguments.get(0)
    if name in ("append", "add", "appendleft", "put") and first is not None:
        frame.change(base, lambda each: _appended(each, first))
        return constant(None)
    if name in ("extend", "update", "union", "__ior__", "insert"):
        return _extended(frame, base, name, arguments)
    if name in ("remove", "discard", "clear", "sort", "reverse", "extendleft", "rotate"):
        frame.change(base, lambda each: Thing(each.kind) if name == "clear" else each.blurred())
        return constant(None)
    if name == "copy":
        return frame.make(node, thing)
    if name in _READ:
        return _read(frame, base, thing, name, arguments)
    if name in ("keys", "values", "items"):
        return _view(frame, node, base, thing, name)
    return labelled(UNKNOWN, frame.content(base) if name not in ("count", "index") else frozenset())


def _appended(thing: Thing, value: Value) -> Thing:
    if thing.kind == "list" and thing.is_exact and len(thing.items) < 60:
        return replace(thing, items=(*thing.items, (len(thing.items), value)))
    return thing.blurred(value)


def _extended(frame: Frame, base: Value, name: str, arguments: Arguments) -> Value:
    if name == "insert":
        value = arguments.get(1) or UNKNOWN
        at = arguments.get(0)
        is_first = at is not None and at.single() == (0,)
        frame.change(base, lambda each: _inserted(each, value) if is_first else each.blurred(value))
        return constant(None)
    for given in arguments.positional:
        others = [thing for _, thing in frame.things(given)]
        element = frame.element(given)
        for place, thing in frame.things(base):
            frame.state.heap[place] = _with_entries(thing, others, element)
    for name_of, given_value in arguments.named.items():
        frame.change(base, lambda each, at=name_of, value=given_value: each.put(at, value))  # type: ignore[misc]
    return base if name == "union" else constant(None)


def _with_entries(thing: Thing, others: list[Thing], element: Value) -> Thing:
    """Return a container with the entries of others, of which `element` is what is known if they are not."""
    exact = len(others) == 1 and others[0].is_exact
    if exact and thing.is_exact and thing.kind == "list" == others[0].kind:
        values = [*thing.values(), *others[0].values()]
        return Thing("list", tuple(enumerate(values[:60])))
    if exact and thing.kind == "dict" == others[0].kind:
        for entry, item in others[0].items:
            thing = thing.put(entry, item)
        return thing
    return thing.blurred(join_all([other.rest for other in others]) if thing.kind == "dict" and others else element)


def _inserted(thing: Thing, value: Value) -> Thing:
    if not thing.is_exact:
        return thing.blurred(value)
    return replace(thing, items=tuple(enumerate([value, *thing.values()])))


def _read(frame: Frame, base: Value, thing: Thing, name: str, arguments: Arguments) -> Value:
    given = arguments.get(0)
    key = given.single() if given is not None else (-1,)
    default = arguments.get(1) or (constant(None) if name == "get" else NOTHING)
    if thing.kind == "dict":
        if name == "setdefault" and arguments.get(1) is not None and not (key and thing.get(key[0]) is not None):
            frame.change(base, lambda each: each.put(key[0], default) if key else each.blurred(default))
        return _looked_up(thing, key, default)
    if thing.kind == "list" and thing.is_exact and key and isinstance(key[0], int) and thing.items:
        values = thing.values()
        at = key[0]
        if -len(values) <= at < len(values):
            taken = values.pop(at)
            frame.change(base, lambda each: replace(each, items=tuple(enumerate(values))))
            return taken
    if name == "pop":
        frame.change(base, lambda each: each.blurred())
    return join_all([*thing.values(), *([] if thing.items else [UNKNOWN])])


def _looked_up(thing: Thing, key: tuple[Constant] | None, default: Value) -> Value:
    """Return what a dictionary has at a key (None: at one that is not known), or the default."""
    found = thing.get(key[0]) if key else None
    if found is not None:
        return found if thing.is_exact else join(found, thing.rest)
    others = [thing.rest] if key else thing.values()
    return join_all([*others, default, *([] if thing.is_exact else [UNKNOWN])])


def _view(frame: Frame, node: ast.AST, base: Value, thing: Thing, name: str) -> Value:
    if name == "values":
        return frame.make(
            node, Thing("list", tuple(enumerate(value for _, value in thing.items)), thing.rest, thing.is_exact)
        )
    keys = frame.element(base)
    if name == "keys":
        exact = tuple((at, constant(key)) for at, (key, _) in enumerate(thing.items))  # type: ignore[arg-type]
        return frame.make(node, Thing("list", exact, keys if not thing.is_exact else NOTHING, thing.is_exact))
    pair = Value()
    key = frame.key(node, "pair")
    frame.state.heap[key] = Thing("tuple", ((0, keys), (1, join_all(thing.values()))))
    pair = frame.make(node, Thing("tuple", ((0, keys), (1, join_all(thing.values())))))
    return frame.make(node, Thing("list", (), pair, is_exact=False))
