"""Rights that a client gives itself, and checks whose answer is not used: CWE-863."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.derivation import is_request_data, names_from, uses
from berth.review.facts.fact import Defect, Fact, Safe, Sources, finding
from berth.review.facts.routes import Handler, handlers
from berth.review.model import Severity

_CLIENT: Final = Defect(
    "role-from-client",
    863,
    Severity.HIGH,
    "Take the role from the session or the record of the caller, never from the request.",
    'if current_user.role != "admin": abort(403)',
)
_DROPPED: Final = Defect(
    "check-without-effect",
    863,
    Severity.HIGH,
    "Refuse where the check says no.",
    "if not current_user.has_permission('write'): abort(403)",
)
_RIGHT: Final = re.compile(
    r"(?i)['\"](?:x[-_])?(?:user[-_]?)?(?:role|roles|is[-_]?admin|admin|is[-_]?staff|superuser|privileged?|access[-_]?level)['\"]"
)
_ANSWERS: Final = re.compile(
    r"(?:^|\.)(?:is_(?:admin|owner|authori[sz]ed|allowed|authenticated|staff|superuser)|has_(?:perm|permission|role|access)\w*"
    r"|check_password\w*|verify_password\w*|compare_digest)$"
)


def client_roles(sources: Sources) -> Iterator[Fact]:
    """Yield each handler that believes a role which the client sends, or drops the answer of a check."""
    for handler in handlers(sources):
        yield from _believed(handler)
        yield from _dropped(handler)


def _believed(handler: Handler) -> Iterator[Fact]:
    claimed = names_from(handler.function, _is_claim)
    for node in ast.walk(handler.function):
        test = node.test if isinstance(node, ast.If | ast.IfExp) else None
        if test is not None and (_is_claim(test) or (uses(test, claimed) and _asks_right(test))):
            sentence = f"The client says itself what it may: {ast.unparse(test)[:80]}"
            yield finding(handler.file, node, handler.around, _CLIENT, sentence)


def _is_claim(value: ast.expr) -> bool:
    """Whether an expression has the part of a request in it that names a right."""
    return any(is_request_data(node) and _RIGHT.fullmatch(_key(node)) for node in ast.walk(value) if _key(node))


def _key(node: ast.AST) -> str:
    """Return the key that a subscript or `get` asks for, in the words of the source; `""` for other nodes."""
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.slice)
    return ast.unparse(node.args[0]) if isinstance(node, ast.Call) and node.args else ""


def _asks_right(test: ast.expr) -> bool:
    """Whether a condition is about having a right, not about giving one that exists (`role in ROLES`)."""
    constants = [node.value for node in ast.walk(test) if isinstance(node, ast.Constant)]
    named = any(isinstance(each, str) and re.search(r"(?i)admin|root|super|staff|true|1", each) for each in constants)
    return named or isinstance(test, ast.Name)


def _dropped(handler: Handler) -> Iterator[Fact]:
    for node in ast.walk(handler.function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func)
            if _ANSWERS.search(name):
                yield finding(
                    handler.file, node, handler.around, _DROPPED, f"The answer of {name} is dropped: all may go on."
                )
        elif isinstance(node, ast.If | ast.Assert) and _ANSWERS.search(_called(node.test)):
            yield Safe(863, "check whose answer is used")


def _called(test: ast.expr) -> str:
    inner = test.operand if isinstance(test, ast.UnaryOp) else test
    return ast.unparse(inner.func if isinstance(inner, ast.Call) else inner)
