"""Which names of one function hold what comes from a request, by assignments alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

from berth.review.code.nodes import walk

ParsedFunction = ast.FunctionDef | ast.AsyncFunctionDef

_DATA: Final = (
    r"(?:args|form|values|json|get_json|cookies|headers|data|files|GET|POST|FILES|META|COOKIES|query_params|query|params"
    r"|path_params|body|media|match_info|get_param|forms|view_args)\b"
)
REQUEST: Final = re.compile(
    rf"(?<!\w)(?:self\.)?(?:request|req|flask\.request|bottle\.request)\.{_DATA}"
    r"|(?<!\w)self\.get_(?:query_|body_)?argument\("
)
"""Expressions that are data of a request, as they are written."""

_ROUNDS: Final = 4
_WRITTEN: Final = re.compile(rf"(?:request|req)[)\s\\]*\.\s*{_DATA}|get_(?:query_|body_)?argument")
"""What stands in the source of every function with an expression that is data of a request."""


def may_have_request(text: str) -> bool:
    """Whether data of a request may occur in source text: only then is its tree worth a walk."""
    return _WRITTEN.search(text) is not None


def names_from(function: ParsedFunction, is_source: Callable[[ast.expr], bool]) -> frozenset[str]:
    """Return the names that a function binds to a source, or to an expression with such a name in it."""
    pairs = list(_bindings(function))
    found: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        more = {name for name, value in pairs if is_source(value) or uses(value, found)}
        if more <= found:
            break
        found |= more
    return found


def _bindings(function: ParsedFunction) -> Iterator[tuple[str, ast.expr]]:
    for node in walk(function):
        if isinstance(node, ast.Assign):
            yield from ((name, node.value) for target in node.targets for name in _bound(target))
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield from ((name, node.value) for name in _bound(node.target))
        elif isinstance(node, ast.For | ast.AsyncFor):
            yield from ((name, node.iter) for name in _bound(node.target))


def _bound(target: ast.expr) -> Iterator[str]:
    for node in walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def uses(node: ast.AST, names: frozenset[str]) -> bool:
    """Whether one of the names occurs in an expression."""
    return any(isinstance(each, ast.Name) and each.id in names for each in walk(node))


def is_request_data(value: ast.AST) -> bool:
    """Whether data of a request occurs in an expression."""
    return REQUEST.search(ast.unparse(value)) is not None


def own_calls(function: ParsedFunction) -> Iterator[ast.Call]:
    """Yield the calls in a function, in the order of their lines."""
    calls = [node for node in walk(function) if isinstance(node, ast.Call)]
    yield from sorted(calls, key=lambda each: (each.lineno, each.col_offset))
