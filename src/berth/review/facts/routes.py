"""Routes of a program: which function answers which path, as frameworks and route tables say it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from berth.review.code.route_rows import METHODS, RouteForm, named_methods, route_forms
from berth.review.facts.fact import Sources
from berth.review.facts.syntax import SourceFile, SymbolOwner

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that change something (RFC 9110, 9.2.1)."""
_DECORATORS: Final = frozenset({"route", "api_route", "get", "post", "put", "patch", "delete", "view_config", "action"})
_VIEWS: Final = re.compile(r"(^|\.)(\w*(View|ViewSet|Resource|RequestHandler|HTTPEndpoint|Handler))$")


@dataclass(frozen=True, slots=True, eq=False)
class Handler:
    """A function that answers requests of a path; `entry` is the node where the route is named."""

    file: SourceFile
    owner: SymbolOwner
    function: ast.FunctionDef | ast.AsyncFunctionDef
    methods: frozenset[str]
    path: str
    entry: ast.AST

    @property
    def is_unsafe(self) -> bool:
        """Whether it answers a method that changes something."""
        return not self.methods.isdisjoint(UNSAFE)

    @property
    def is_any_method(self) -> bool:
        """Whether its route says nothing of methods: what it does says whether it changes something."""
        return self.methods >= UNSAFE | {"GET"}

    @property
    def around(self) -> SymbolOwner:
        """The function as the owner of what is in it."""
        return SymbolOwner(f"{self.owner.symbol}.{self.function.name}", self.function, self.owner.class_)


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A row of a route table: the call or entry that names a method, a path and a function."""

    file: SourceFile
    owner: SymbolOwner
    node: ast.AST
    methods: frozenset[str]
    path: str
    targets: tuple[str, ...]
    options: ast.Call | None = None


Indexed = tuple[SourceFile, ast.FunctionDef | ast.AsyncFunctionDef, SymbolOwner]
"""A function with its file and what is around it."""


@lru_cache(maxsize=1)
def handlers(sources: Sources) -> tuple[Handler, ...]:
    """Return every handler, each once, in the order of files and lines."""
    index = functions_by_name(sources)
    found: dict[int, Handler] = {}
    for file in sources.judged:
        for handler in (*_decorated(file), *_methods_of_classes(file)):
            found.setdefault(id(handler.function), handler)
    for row in rows(sources):
        names = (name for each in row.targets for name in (each, _last_two(each), f"{row.file.name}.{each}"))
        target = next((index[name] for name in names if name in index), None)
        if target is not None:
            file, function, owner = target
            found.setdefault(id(function), Handler(file, owner, function, row.methods, row.path, row.node))
    return tuple(sorted(found.values(), key=lambda each: (each.file.path, each.function.lineno)))


def functions_by_name(sources: Sources) -> dict[str, Indexed]:
    """Return functions by dotted name, and by the last two parts of it."""
    index: dict[str, Indexed] = {}
    for file in sources.judged:
        for function, owner in file.functions():
            name = f"{owner.symbol}.{function.name}"
            index.setdefault(name, (file, function, owner))
            index.setdefault(_last_two(name), (file, function, owner))
    return index


def _last_two(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def _decorated(file: SourceFile) -> Iterator[Handler]:
    for function, owner in file.functions():
        for decorator in function.decorator_list:
            if not isinstance(decorator, ast.Call):
                continue
            last = file.dotted(decorator.func, owner).rpartition(".")[2]
            path = _path_of(file, decorator, owner)
            if last in _DECORATORS and isinstance(decorator.func, ast.Attribute) and path is not None:
                methods = named_methods(decorator, partial(file.constant, owner=owner)) or _method_of(last)
                yield Handler(file, owner, function, methods, path, function)


def _path_of(file: SourceFile, call: ast.Call, owner: SymbolOwner) -> str | None:
    for part in (*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg in {"path", "rule"})):
        value = file.constant(part, owner)
        if isinstance(value, str) and (value.startswith("/") or not value):
            return value
    return None


def _method_of(name: str) -> frozenset[str]:
    upper = name.removeprefix("add_").upper()
    return frozenset({upper}) if upper in METHODS else frozenset({"GET"})


def _methods_of_classes(file: SourceFile) -> Iterator[Handler]:
    for function, owner in file.functions():
        bases = owner.class_.bases if owner.class_ is not None else []
        name = function.name.removeprefix("do_").upper()
        known = {"CREATE": "POST", "UPDATE": "PUT", "DESTROY": "DELETE", "PARTIAL_UPDATE": "PATCH"}
        method = known.get(name, name)
        if method in METHODS and any(_VIEWS.search(file.dotted(base, owner)) for base in bases):
            yield Handler(file, owner, function, frozenset({method}), f"<{owner.symbol.rpartition('.')[2]}>", function)


@lru_cache(maxsize=1)
def rows(sources: Sources) -> tuple[RouteRow, ...]:
    """Return the rows of route tables: calls that add a route, tables of rows, and dictionaries by path and method."""
    return tuple(_rows(sources))


def _rows(sources: Sources) -> Iterator[RouteRow]:
    for file in sources.judged:
        nodes = [(call, owner) for call, _, owner in file.calls()]
        for node, owner in (*nodes, *file.each(ast.Dict)):
            for form in route_forms(node, partial(file.constant, owner=owner)):
                if form.path is not None and (form.is_web or isinstance(node, ast.Dict) or form.path.startswith("/")):
                    yield _row(file, form, owner)


def _row(file: SourceFile, form: RouteForm, owner: SymbolOwner) -> RouteRow:
    targets = tuple(filter(None, (file.dotted(each, owner) for each in form.handlers)))
    options = form.node if isinstance(form.node, ast.Call) else None
    return RouteRow(file, owner, form.node, form.methods, form.path or "", targets, options)
