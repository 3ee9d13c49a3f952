"""The check that one dispatcher makes for every row of a route table, where no handler asks for itself (CWE-862)."""

from __future__ import annotations

import ast
import re
from typing import Final

from berth.review.facts.fact import Sources
from berth.review.facts.routes import Handler

_ROW: Final = re.compile(r"(?i)(?:^|\.)_?(?:route|operation|row|endpoint)$")


def dispatch_check(sources: Sources, checks: re.Pattern[str]) -> str:
    """Return the call by which a dispatcher checks the row of a request, or `""`. checks: names of checks."""
    for file in sources.judged:
        for call, name, owner in file.calls():
            if owner.function is not None and checks.search(name) and any(map(_is_of_row, call.args)):
                return ast.unparse(call)
    return ""


def _is_of_row(argument: ast.expr) -> bool:
    """Whether an argument is what a row of a route table says: `route.operation`."""
    return isinstance(argument, ast.Attribute) and _ROW.search(ast.unparse(argument.value)) is not None


def is_of_table(handler: Handler) -> bool:
    """Whether a handler is called by a dispatcher, by its row in a table, and not by a framework's decorator."""
    return handler.entry is not handler.function
