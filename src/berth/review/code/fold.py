"""Arithmetic and text operations on constants, as Python does them, within bounds."""

import ast
import operator
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from berth.review.code.values import UNKNOWN, Constant, Value, constants

LONGEST = 20_000
LARGEST = 1 << 64
_BINARY: dict[type[ast.operator], Callable[[Any, Any], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: lambda one, other: one is other or (one == other and type(one) is type(other)),
    ast.IsNot: lambda one, other: not (one is other or (one == other and type(one) is type(other))),
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
METHODS = frozenset(
    {
        *("capitalize", "casefold", "count", "encode", "decode", "endswith", "startswith", "find", "index", "isalnum"),
        *("isalpha", "isdigit", "isdecimal", "isnumeric", "isidentifier", "isspace", "islower", "isupper", "join"),
        *("lower", "lstrip", "replace", "removeprefix", "removesuffix", "rfind", "rindex", "rstrip", "split"),
        *("splitlines", "strip", "swapcase", "title", "upper", "partition", "rpartition", "format", "hex", "isascii"),
    }
)
"""Methods of texts that have no effects."""
ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def _bounded(found: object) -> bool:
    if isinstance(found, str | bytes):
        return len(found) <= LONGEST
    if isinstance(found, bool | float | complex) or found is None:
        return True
    return isinstance(found, int) and abs(found) <= LARGEST


def _grows(kind: type[ast.operator], one: Constant, other: Constant) -> bool:
    """Whether a result may be far larger than its operands."""
    if kind is ast.Mult:
        return not all(isinstance(each, int | float) for each in (one, other)) and not (
            (isinstance(one, int) and one < 1000) or (isinstance(other, int) and other < 1000)
        )
    return kind is ast.Mod and isinstance(one, str | bytes) and len(one) > 1000


def apply(function: Callable[..., object], choices: Iterable[list[Constant]]) -> Value:
    """Return what a function gives for each combination of constants; open if it fails or gives too much."""
    found: list[Constant] = []
    for arguments in list(product(*choices))[:64]:
        try:
            result = function(*arguments)
        except ERRORS:
            continue
        if not _bounded(result):
            return UNKNOWN
        found.append(result)  # type: ignore[arg-type]
    return constants(found) if found else UNKNOWN


def binary(kind: type[ast.operator], one: Value, other: Value) -> Value | None:
    """Return the result of an operator on constants, or None if an operand is not only constants."""
    left, right = one.only(), other.only()
    function = _BINARY.get(kind)
    if left is None or right is None or function is None:
        return None
    if any(_grows(kind, a, b) for a in left for b in right):
        return UNKNOWN
    return apply(function, (left, right))


def compare(kind: type[ast.cmpop], one: Value, other: Value) -> Value | None:
    """Return the result of a comparison of constants, or None."""
    left, right = one.only(), other.only()
    function = _COMPARE.get(kind)
    if left is None or right is None or function is None:
        return None
    return apply(function, (left, right))


def method(name: str, receiver: Value, arguments: list[Value]) -> Value | None:
    """Return the result of a method of constant texts, or None if it cannot be known."""
    texts = receiver.only()
    given = [each.only() for each in arguments]
    if texts is None or name not in METHODS or any(each is None for each in given):
        return None
    if not all(isinstance(each, str | bytes) for each in texts):
        return None
    if name == "format" and any(":" in str(each) for each in texts):  # a width could make it long
        return UNKNOWN
    return apply(lambda text, *rest: getattr(text, name)(*rest), [texts, *(each or [] for each in given)])


def truth(value: Value) -> bool | None:
    """Return whether a value is true, or None if it may be either."""
    found = value.only()
    if found is None:
        known = value.refs and not value.is_open and not value.constants and not value.labels
        return True if known and all(ref.kind != "object" for ref in value.refs) else None
    results = {bool(each) for each in found}
    return results.pop() if len(results) == 1 else None
