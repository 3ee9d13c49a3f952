"""Handlers that a route table names: rows with a path or a method beside a function, and tables by path and method."""

import ast
from collections.abc import Iterator

from berth.review.code.library import Entry
from berth.review.code.project import Class, Function, Module, Project
from berth.review.code.route_rows import VERBS, RouteForm, last_name, literal, route_forms

_PLAIN = Entry("network", "a request", requests=("request", "req"))
_WEB = Entry("network", "a part of the URL", requests=("request", "req"), reply="cross-site-scripting")


def table_entries(project: Project) -> dict[Function, Entry]:
    """Return the functions that route tables name, with what calls them."""
    found: dict[Function, Entry] = {}
    for name in sorted(project.modules):
        module = project.modules[name]
        for row in (form for node in module.rows for form in route_forms(node, literal)):
            for function in _handlers(project, module, row):
                if row.is_web:
                    found[function] = _WEB
                elif _takes_request(function):
                    found.setdefault(function, _first_only(function))
    return found


def _handlers(project: Project, module: Module, row: RouteForm) -> Iterator[Function]:
    for node in row.handlers:
        if isinstance(node, ast.Call):  # View.as_view(), a decorated handler
            node = (
                node.func.value if last_name(node.func) == "as_view" and isinstance(node.func, ast.Attribute) else node
            )
        symbol = project.resolve(module.dotted(node)) if isinstance(node, ast.Name | ast.Attribute) else None
        if isinstance(symbol, Function):
            yield symbol
        elif isinstance(symbol, Class):
            yield from (symbol.methods[verb] for verb in VERBS if verb in symbol.methods)


def _takes_request(function: Function) -> bool:
    return not {"self", "cls"}.issuperset(function.parameters)


def _first_only(function: Function) -> Entry:
    """Return what a row of a project's own table gives: a request, or a call, as the first parameter."""
    first = next(each for each in function.parameters if each not in ("self", "cls"))
    return Entry(_PLAIN.origin, _PLAIN.what, parameters=(first,), requests=_PLAIN.requests)
