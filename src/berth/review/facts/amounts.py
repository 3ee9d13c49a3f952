"""Amounts of a request that are used without bounds or sign: CWE-1284 (and 20, 129, 190)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import Final

from berth.review.code.nodes import walk
from berth.review.facts.derivation import (
    ParsedFunction,
    is_request_data,
    may_have_request,
    names_from,
    own_calls,
    uses,
)
from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner
from berth.review.model import Severity

_AMOUNT: Final = Defect(
    "amount-without-bounds",
    1284,
    Severity.MEDIUM,
    "Refuse what is below the least or above the most that is meant.",
    'count = int(request.args["count"])\nif not 0 < count <= 100: abort(400)',
)
_NUMBERS: Final = frozenset({"int", "float", "Decimal", "decimal.Decimal"})
_SIZES: Final = frozenset(
    {
        *("range", "bytearray", "bytes", "os.urandom", "secrets.token_bytes", "secrets.token_hex", "time.sleep"),
        *(
            "numpy.zeros",
            "numpy.ones",
            "numpy.empty",
            "numpy.full",
            "numpy.arange",
            "itertools.repeat",
            "asyncio.sleep",
        ),
        *("secrets.token_urlsafe", "random.sample"),
    }
)
_BOUNDS: Final = frozenset({"min", "max", "clamp", "numpy.clip"})


def amounts(file: SourceFile) -> Iterator[Fact]:
    """Yield each amount of a request that decides on a size, a duration or a balance, and is compared with nothing."""
    for function, owner in file.functions():
        if not may_have_request(file.written(function)):
            continue
        around = SymbolOwner(f"{owner.symbol}.{function.name}", function, owner.class_)
        numbers = names_from(function, partial(_is_number, file, around))
        bounded = _bounded(file, function, around, numbers)
        for node, what in _uses(file, function, around, numbers):
            if bounded:
                yield Safe(1284, "amount that is compared before it is used")
            else:
                yield finding(file, node, around, _AMOUNT, f"An amount of the request {what}, and nothing limits it.")


def _is_number(file: SourceFile, owner: SymbolOwner, value: ast.expr) -> bool:
    """Whether an expression makes a number of data of a request."""
    calls = [node for node in walk(value) if isinstance(node, ast.Call)]
    if any(file.dotted(node.func, owner) in _BOUNDS for node in calls):
        return False
    for node in calls:
        if is_request_data(node):
            typed = [each for each in node.keywords if each.arg == "type" and ast.unparse(each.value) in _NUMBERS]
            if typed or (file.dotted(node.func, owner) in _NUMBERS and node.args):
                return True
    return False


def _bounded(file: SourceFile, function: ParsedFunction, owner: SymbolOwner, numbers: frozenset[str]) -> bool:
    for node in walk(function):
        if isinstance(node, ast.Compare) and uses(node, numbers):
            return True
        if isinstance(node, ast.Call) and file.dotted(node.func, owner) in _BOUNDS and uses(node, numbers):
            return True
    return False


def _uses(
    file: SourceFile, function: ParsedFunction, owner: SymbolOwner, numbers: frozenset[str]
) -> Iterator[tuple[ast.AST, str]]:
    for call in own_calls(function):
        name = file.dotted(call.func, owner).replace("np.", "numpy.", 1)
        if call.args and (uses(call.args[-1], numbers) or _is_number(file, owner, call.args[-1])):
            if name in _SIZES:
                yield call, f"is given to {name}"
            elif name.endswith(".limit"):
                yield call, "is the number of rows that are read"
    for node in walk(function):
        if isinstance(node, ast.AugAssign) and _changes_balance(node) and uses(node.value, numbers):
            yield node, f"changes {ast.unparse(node.target)}, negative ones the other way"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and _repeats(node, numbers):
            yield node, "says how often something is repeated in memory"


def _changes_balance(node: ast.AugAssign) -> bool:
    is_sum = isinstance(node.op, ast.Add | ast.Sub)
    return is_sum and isinstance(node.target, ast.Attribute | ast.Subscript)


def _repeats(node: ast.BinOp, numbers: frozenset[str]) -> bool:
    sides = (node.left, node.right)
    is_sequence = any(
        isinstance(each, ast.List | ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in sides
    )
    return is_sequence and any(uses(each, numbers) for each in sides)
