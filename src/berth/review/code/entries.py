"""Which functions are called from outside of the project, and what they are given there."""

import ast
import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import lru_cache

from berth.review.code.library import Entry, Library
from berth.review.code.project import Class, Function, Project
from berth.review.code.values import UNKNOWN, Label, Value, external, labelled, reference

_NUMERIC_PARAMETER = re.compile(
    r"<(?:int|float|uuid):(\w+)>|<(\w+):(?:int|float|uuid|number)>|\{(\w+):(?:int|float|uuid)\}"
)
_PARAMETER = re.compile(r"[<{]([\w:]+)[>}]")
_NUMBERS = frozenset(
    {"int", "float", "bool", "uuid.UUID", "datetime.date", "datetime.datetime", "decimal.Decimal", "date", "datetime"}
)
_OWN = frozenset({"resp", "response", "info"})
"""Parameters of handlers by which they reply, or that say how they were called."""
_INJECTED = frozenset(
    {"fastapi.Depends", "fastapi.Request", "starlette.requests.Request", "fastapi.Response", "fastapi.BackgroundTasks"}
)

_SERVED = frozenset({("scope", "receive", "send"), ("scope", "protocol"), ("scope", "proto")})
"""The parameters of what a server calls: by ASGI, and by RSGI."""


_WSGI = ("environ", "start_response")
_PAGE = "cross-site-scripting"
_NO_PAGES = frozenset({"fastapi", "litestar", "ninja", "sanic", "aiohttp", "robyn"})
"""Frameworks that send a text which a handler returns as JSON or as plain text, unless its route says HTML."""
_REQUEST_TYPES = ("Request", "HttpRequest")


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(translate(name))


def _matches(names: tuple[str, ...], found: Iterable[str]) -> bool:
    return any(_pattern(name).match(each) for name in names for each in found)


def entry_of(function: Function, project: Project, library: Library) -> Entry | None:
    """Return what calls a function from outside, if a model knows."""
    decorators = tuple(filter(None, function.decorators))
    for entry in library.entries:
        if _matches(entry.decorators, decorators) or _is_method(entry, function, project):
            return entry
    return _by_parameters(function, project)


def _by_parameters(function: Function, project: Project) -> Entry | None:
    """Return what calls a function whose parameters say it, or a document of the project."""
    given = tuple(each for each in function.parameters if each not in ("self", "cls"))
    if given == _WSGI:
        return Entry("network", "a request", parameters=("",), reply=_PAGE)
    if given in _SERVED:
        return Entry("network", "a request", parameters=given[:1], requests=given[:1])
    if function.owner is None and given[:2] == ("event", "context"):
        return Entry("network", "an event", parameters=("event",))
    if _is_django_view(function):
        return Entry("network", "a request", requests=("request",))
    if any(map(function.name.endswith, project.operations)):
        return Entry("network", "an argument of an operation")
    return None


def _is_method(entry: Entry, function: Function, project: Project) -> bool:
    """Whether a function is a method that an entry names: of one of its classes, or of any that takes a request."""
    if not entry.methods or not _matches(entry.methods, (function.name.rpartition(".")[2],)):
        return False
    if not entry.bases:
        return not set(entry.requests).isdisjoint(function.parameters)
    return function.owner is not None and _matches(entry.bases, project.external_bases(function.owner))


def _is_django_view(function: Function) -> bool:
    if function.owner is not None or function.parameters[:1] != ("request",):
        return False
    return any(each.startswith("django") for each in function.module.imports.values())


def bound_by(entry: Entry, function: Function, receiver: Value | None, project: Project) -> dict[str, Value]:
    """Return what the parameters of an entry are given."""
    bound: dict[str, Value] = {}
    annotations = _annotations(function)
    harmless = _numeric_parameters(function) | _injected(function)
    for index, name in enumerate(function.parameters):
        annotation = annotations.get(name, "")
        if index == 0 and receiver is not None:
            bound[name] = receiver
        elif name == _WSGI[0] and _WSGI[1] in function.parameters:
            bound[name] = external("wsgi.environ")
        elif name in entry.requests or annotation.endswith(_REQUEST_TYPES):
            bound[name] = external("request")
        elif name in harmless or name in _OWN or annotation in _NUMBERS | _INJECTED or not _is_given(entry, name):
            bound[name] = UNKNOWN
        else:
            model = project.resolve(annotation) if annotation else None
            given = reference("instance", model) if isinstance(model, Class) else UNKNOWN
            bound[name] = labelled(given, frozenset({_entered(entry, function, name, annotation)}))
    if function.kwargs and not entry.parameters:
        bound[function.kwargs] = labelled(UNKNOWN, frozenset({_entered(entry, function, function.kwargs)}))
    return bound


def reply_of(entry: Entry, function: Function) -> str:
    """Return the rule that what a function returns must obey, or `""` if its framework makes no page of it."""
    frameworks = {each.partition(".")[0] for each in function.module.imports.values()}
    if entry.reply != _PAGE or _NO_PAGES.isdisjoint(frameworks) or "flask" in frameworks:
        return entry.reply
    named = (each for each in getattr(function.node, "decorator_list", ()) if "HTMLResponse" in ast.unparse(each))
    return entry.reply if any(named) else ""


def _is_given(entry: Entry, name: str) -> bool:
    return name not in entry.context and (not entry.parameters or name in entry.parameters)


def _entered(entry: Entry, function: Function, name: str, annotation: str = "") -> Label:
    is_text = annotation == "str" or (not annotation and name in _path_parameters(function))
    safe = frozenset({"nosql-injection"} if is_text else ())
    return Label(entry.origin, function.module.step_at(function.node, f"parameter {name}: {entry.what}"), safe)


def _annotations(function: Function) -> dict[str, str]:
    spec = function.node.args
    given = (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)
    return {each.arg: function.module.dotted(each.annotation) for each in given if each.annotation is not None}


def is_number(owner: Class, name: str) -> bool:
    """Whether a field of a class is annotated as a number, or as another type that holds no text."""
    return _field_type(owner, name) in _NUMBERS


def is_text(owner: Class, name: str) -> bool:
    """Whether a field of a class is annotated as text, which is no document with operators."""
    return _field_type(owner, name) == "str"


def _field_type(owner: Class, name: str) -> str:
    if owner.types is None:
        owner.types = {}
        for statement in owner.node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                owner.types.setdefault(statement.target.id, owner.module.dotted(statement.annotation))
    return owner.types.get(name, "")


def is_request(function: Function, name: str) -> bool:
    """Whether a parameter is a request, by its name or by its type."""
    return name in ("request", "req") or _annotations(function).get(name, "").endswith(_REQUEST_TYPES)


def _numeric_parameters(function: Function) -> set[str]:
    return {
        name for text in _route_texts(function) for pair in _NUMERIC_PARAMETER.findall(text) for name in pair if name
    }


def _path_parameters(function: Function) -> set[str]:
    """Return the parameters that are parts of the path of a function's routes."""
    return {name for text in _route_texts(function) for part in _PARAMETER.findall(text) for name in part.split(":")}


def _route_texts(function: Function) -> Iterator[str]:
    for each in getattr(function.node, "decorator_list", ()):
        for node in ast.walk(each):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _injected(function: Function) -> set[str]:
    spec = function.node.args
    positional = [*spec.posonlyargs, *spec.args]
    pairs = [
        *zip(reversed(positional), reversed(spec.defaults), strict=False),
        *zip(spec.kwonlyargs, spec.kw_defaults, strict=True),
    ]
    return {each.arg for each, value in pairs if value is not None and function.module.dotted(value) in _INJECTED}


def unknown_caller(function: Function, receiver: Value | None, has_labels: bool) -> dict[str, Value]:
    """Return what the parameters of a function are given that nothing in the project calls."""
    bound: dict[str, Value] = {}
    for index, name in enumerate(function.parameters):
        if index == 0 and receiver is not None:
            bound[name] = receiver
        elif is_request(function, name):
            bound[name] = external("request")
        elif has_labels:
            step = function.module.step_at(function.node, f"parameter {name} of {function.name}")
            bound[name] = labelled(UNKNOWN, frozenset({Label("parameter", step)}))
        else:
            bound[name] = UNKNOWN
    return bound


def receiver_of(function: Function) -> Value | None:
    """Return the object or class that a method is called on, or None."""
    if function.owner is None or "staticmethod" in function.decorators:
        return None
    return reference("class" if "classmethod" in function.decorators else "instance", function.owner)
