"""Builtin functions whose result can be known better than from a model."""

import ast
from collections.abc import Callable

from msgspec.structs import replace

from berth.review.code import fold
from berth.review.code.frame import Arguments, Frame
from berth.review.code.symbols import Symbols
from berth.review.code.values import UNKNOWN, Ref, Thing, Value, constant, external, join, join_all, labelled, made_safe

Builtin = Callable[[Symbols, Frame, ast.Call, Arguments], Value | None]


def _text(_base: Symbols, frame: Frame, _node: ast.Call, arguments: Arguments) -> Value | None:
    if not arguments.positional:
        return constant("")
    value = arguments.positional[0]
    only = value.only()
    if only is not None and not any(isinstance(each, bytes) for each in only):
        return fold.apply(str, [only])
    text = Value(is_open=True, labels=frame.content(value), prefix=value.prefix)
    return made_safe(text, ("nosql-injection",))  # a text is compared as a value: only a document has operators


def _size(_base: Symbols, frame: Frame, _node: ast.Call, arguments: Arguments) -> Value | None:
    value = arguments.get(0)
    if value is None:
        return UNKNOWN
    only = value.only()
    if only is not None:
        return fold.apply(len, [only])
    things = frame.things(value)
    if len(things) == 1 and things[0][1].is_exact:
        return constant(len(things[0][1].items))
    return UNKNOWN


def _number(kind: Callable[..., object]) -> Builtin:
    def convert(_base: Symbols, _frame: Frame, _node: ast.Call, arguments: Arguments) -> Value | None:
        only = [each.only() for each in arguments.positional]
        return fold.apply(kind, [each or [] for each in only]) if only and all(only) else UNKNOWN

    return convert


def _sequence(kind: str) -> Builtin:
    def convert(_base: Symbols, frame: Frame, node: ast.Call, arguments: Arguments) -> Value | None:
        if not arguments.positional:
            named = tuple((str(key), value) for key, value in arguments.named.items())
            return frame.make(node, Thing(kind, named if kind == "dict" else ()))
        value = arguments.positional[0]
        things = [thing for _, thing in frame.things(value)]
        if len(things) == 1 and (things[0].kind == kind or {things[0].kind, kind} <= {"list", "tuple", "set"}):
            return frame.make(node, replace(things[0], kind=kind))
        rest = _second(frame, frame.element(value)) if kind == "dict" else frame.element(value)
        return frame.make(node, Thing(kind, (), rest, is_exact=False))

    return convert


def _second(frame: Frame, pair: Value) -> Value:
    """Return the values of pairs that a dictionary is made of."""
    exact = [thing.items[1][1] for _, thing in frame.things(pair) if thing.is_exact and len(thing.items) == 2]
    return join_all(exact) if exact else labelled(UNKNOWN, frame.content(pair))


def _get_attribute(base: Symbols, frame: Frame, node: ast.Call, arguments: Arguments) -> Value | None:
    if len(arguments.positional) < 2:
        return None
    names = arguments.positional[1].only()
    if names is None:
        # Of a name that may be another, too, at least the known ones are followed.
        names = [name for _, name in sorted(arguments.positional[1].constants, key=repr)]
        found = [labelled(UNKNOWN, arguments.labels())]
        found += [base.attribute(frame, node, arguments.positional[0], str(name)) for name in names]
        return join_all(found)
    result = arguments.positional[2] if len(arguments.positional) > 2 else Value()
    for name in names:
        result = join(result, base.attribute(frame, node, arguments.positional[0], str(name)))
    return result


def _parent(base: Symbols, frame: Frame, _node: ast.Call, _arguments: Arguments) -> Value | None:
    owner = frame.function.owner if frame.function else None
    if owner is None or frame.function is None:
        return None
    receiver = frame.state.names.get(frame.function.parameters[0]) if frame.function.parameters else None
    for each in list(base.shared.project.ancestry(owner))[1:]:
        return Value(refs=frozenset({Ref("super", each, receiver)}))
    return UNKNOWN


def _element(_base: Symbols, frame: Frame, _node: ast.Call, arguments: Arguments) -> Value | None:
    return frame.element(arguments.positional[0]) if arguments.positional else None


def _enumerated(_base: Symbols, frame: Frame, node: ast.Call, arguments: Arguments) -> Value | None:
    if not arguments.positional:
        return None
    pair = frame.make(node, Thing("tuple", ((0, UNKNOWN), (1, frame.element(arguments.positional[0])))))
    return frame.make(node, Thing("list", (), pair, is_exact=False))


def _zipped(_base: Symbols, frame: Frame, node: ast.Call, arguments: Arguments) -> Value | None:
    pair = frame.make(node, Thing("tuple", tuple(enumerate(frame.element(each) for each in arguments.positional))))
    return frame.make(node, Thing("list", (), pair, is_exact=False))


def _open_dictionary(_base: Symbols, frame: Frame, node: ast.Call, _arguments: Arguments) -> Value | None:
    """Return a dictionary that has something at every key."""
    return frame.make(node, Thing("dict", (), UNKNOWN, is_exact=False))


def _namespace(_base: Symbols, frame: Frame, node: ast.Call, arguments: Arguments) -> Value | None:
    """Return an object that has what it is given as attributes."""
    return frame.make(node, Thing("instance", tuple(sorted(arguments.named.items())), arguments.rest))


def _set_attribute(base: Symbols, frame: Frame, _node: ast.Call, arguments: Arguments) -> Value | None:
    if len(arguments.positional) == 3:
        owner, name, value = arguments.positional
        for each in name.only() or ():
            base.set_attribute(frame, owner, str(each), value)
    return constant(None)


def _of_environment(base: Symbols, frame: Frame, node: ast.Call, arguments: Arguments) -> Value | None:
    """Return an entry of what a WSGI server gives, by its key: some are the program's own."""
    key = arguments.positional[0].single() if arguments.positional else None
    return base.sourced(external(f"wsgi.environ.{key[0]!s}"), frame, node) if key is not None else None


BUILTINS: dict[str, Builtin] = {
    "wsgi.environ.get": _of_environment,
    "str": _text,
    "len": _size,
    "int": _number(int),
    "float": _number(float),
    "bool": _number(bool),
    "ord": _number(ord),
    "chr": _number(chr),
    "abs": _number(abs),
    "list": _sequence("list"),
    "tuple": _sequence("tuple"),
    "set": _sequence("set"),
    "frozenset": _sequence("set"),
    "dict": _sequence("dict"),
    "sorted": _sequence("list"),
    "reversed": _sequence("list"),
    "iter": _sequence("list"),
    "collections.deque": _sequence("list"),
    "collections.OrderedDict": _sequence("dict"),
    "collections.defaultdict": _open_dictionary,
    "types.SimpleNamespace": _namespace,
    "argparse.Namespace": _namespace,
    "getattr": _get_attribute,
    "setattr": _set_attribute,
    "super": _parent,
    "next": _element,
    "enumerate": _enumerated,
    "zip": _zipped,
}
