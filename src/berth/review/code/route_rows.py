"""The rows of route tables as they are written: calls that add a route, rows of a project's own table, dictionaries.

One reading serves both those who follow data into handlers and those who look for what stands before them.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
ANY_METHOD: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""What a route answers whose table says nothing of methods."""
_HANDLERS: Final = ("view_func", "endpoint", "handler", "view")
"""Arguments that name a handler."""


@dataclass(frozen=True, slots=True)
class Adder:
    """A call that adds a route: where its handler and its path stand, and what it answers if no method is named.

    is_web: its handlers get parts of the URL as well, and return what is sent.
    """

    handler: int
    path: int = 0
    methods: frozenset[str] = frozenset({"GET"})
    is_web: bool = False


ADDERS: Final = {
    "add_url_rule": Adder(2, is_web=True),
    "add_resource": Adder(0, path=1, methods=ANY_METHOD, is_web=True),
    **dict.fromkeys(("path", "re_path", "url"), Adder(1, methods=ANY_METHOD, is_web=True)),
    **dict.fromkeys(("add_route", "add_api_route", "Route", "APIRoute", "WebSocketRoute", "register"), Adder(1)),
    "add_view": Adder(0, path=1),
    **{f"add_{verb}": Adder(1, methods=frozenset({verb.upper()})) for verb in VERBS},
}
"""Calls of frameworks that add a route, by the last part of their name."""

Constants = Callable[[ast.AST | None], object]
"""What gives the constant that an expression has, or None."""


@dataclass(frozen=True, slots=True)
class RouteForm:
    """A row as source: its methods, its path (None: not said), and the expressions that may be its handler."""

    node: ast.AST
    methods: frozenset[str]
    path: str | None
    handlers: tuple[ast.expr, ...]
    is_web: bool = False


def is_row(node: ast.AST) -> bool:
    """Whether a node may be a row or a table of routes, judged by its form only."""
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value in METHODS for key in node.keys)
    return isinstance(node, ast.Call) and len(node.args) + len(node.keywords) >= 2 and _names_a_route(node)


def _names_a_route(node: ast.Call) -> bool:
    return last_name(node.func) in ADDERS or any(literal(each) in METHODS for each in node.args[:4])


def route_forms(node: ast.AST, constant: Constants) -> Iterator[RouteForm]:
    """Yield the rows that a node is, or that stand in it if it is a dictionary by method, or by path and method."""
    if isinstance(node, ast.Dict):
        yield from _of_table(node, constant)
    elif isinstance(node, ast.Call):
        adder = ADDERS.get(last_name(node.func))
        yield from (_of_adder(node, adder, constant) if adder else None) or _of_call(node, constant)


def _of_table(table: ast.Dict, constant: Constants, path: str | None = None) -> Iterator[RouteForm]:
    for key, value in zip(table.keys, table.values, strict=True):
        name = constant(key)
        if isinstance(name, str) and name in METHODS:
            yield RouteForm(key or table, frozenset({name}), path, (value,))
        elif path is None and isinstance(value, ast.Dict) and isinstance(name, str) and name[:1] in ("", "/"):
            yield from _of_table(value, constant, name)


def _of_adder(call: ast.Call, adder: Adder, constant: Constants) -> list[RouteForm]:
    """Return the row that a framework's call adds; none if its handler is not where it should be."""
    given = [argument(call, name) for name in _HANDLERS]
    named = next((each for each in given if each is not None), None)
    handler = named or (call.args[adder.handler] if adder.handler < len(call.args) else None)
    if handler is None or constant(handler) is not None:
        return []
    at = call.args[adder.path] if adder.path < len(call.args) else None
    path = constant(argument(call, "path") or argument(call, "rule") or at)
    methods = named_methods(call, constant) or adder.methods
    return [RouteForm(call, methods, path if isinstance(path, str) else None, (handler,), adder.is_web)]


def _of_call(call: ast.Call, constant: Constants) -> Iterator[RouteForm]:
    """Yield the row of a project's own table: a call with a method, perhaps a path, and what may be a handler."""
    values = [constant(each) for each in call.args[:5]]
    method = next((each for each in values if isinstance(each, str) and each in METHODS), None)
    if method is not None:
        path = next((each for each in values if isinstance(each, str) and each.startswith("/")), None)
        given = [*call.args, *(each.value for each in call.keywords)]
        handlers = tuple(each for each in given if isinstance(each, ast.Name | ast.Attribute | ast.Call))
        yield RouteForm(call, frozenset({method}), path, handlers)


def named_methods(call: ast.Call, constant: Constants) -> frozenset[str]:
    """Return the methods that `methods=[...]` or `method=` gives."""
    given = argument(call, "methods") or argument(call, "method")
    items = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else [given]
    values = (constant(each) for each in items)
    return frozenset(value.upper() for value in values if isinstance(value, str)) & METHODS


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return the argument of a call that is given by a name, or None."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def literal(node: ast.AST | None) -> object:
    """Return the constant that a node is, or None."""
    return node.value if isinstance(node, ast.Constant) else None


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, or `""`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
