"""Decisions on what another may have changed since: a read, a condition and a write not tied together (CWE-362)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner
from berth.review.model import Severity

_RACE: Final = Defect(
    "read-decide-write",
    362,
    Severity.HIGH,
    "Lock the row that is read, write only if it is still as it was read, or do both in one statement.",
    "select(Stock).where(Stock.id == id).with_for_update()",
)
_READ: Final = re.compile(
    r"(?i)(query\.get|\.get_or_404|objects\.get|session\.get|\.scalar\w*|\.fetch\w*|\.first|\.one|\.one_or_none|\.all"
    r"|get_object_or_404|find_one|\.aggregate|\.count)\("
)
_WRITE: Final = re.compile(
    r"(?i)\.(save|commit|update|insert\w*|add|update_one|bulk_create|create)\(|execute\w*\(.*(update|insert|delete)\b"
)
_TIED: Final = re.compile(
    r"(?i)for[_ ]update|with_lockmode|serializable|begin immediate|begin exclusive|lock table|\bF\(|advisory|get_lock"
    r"|generation|version_id|\block\b|\.acquire\(|\w*_lock\b|compare_and|expected_|rowcount|on_conflict|returning|optimistic"
)
_AMOUNT: Final = re.compile(
    r"(?i)\b(\w+_)?(stock|balance|quantity|quota|used|usage|usages|available|free|capacity|remaining|count|amount|seats"
    r"|inventory|total|limit|credits?|points|allocated|reserved|tickets|coupons?|redeemed|units|left)(_\w+)?\b"
)


def transactions(file: SourceFile) -> Iterator[Fact]:
    """Yield each function that reads an amount, decides by it, and writes, with nothing that ties them together."""
    for function, owner in file.functions():
        lines = file.text_of(function)
        if not _AMOUNT.search(lines) or not _READ.search(lines):
            continue
        text = ast.unparse(function)
        if not _WRITE.search(text) or not _READ.search(text):
            continue
        read = _decided(function)
        if read is None:
            continue
        if _TIED.search(text) and not _is_split(function):
            yield Safe(362, "read, decision and write tied together by a lock, a version or one statement")
        else:
            around = SymbolOwner(f"{owner.symbol}.{function.name}", function, owner.class_)
            where = "another transaction does" if _is_split(function) else "nothing holds it until"
            sentence = (
                f"{function.name} reads an amount and decides by it, and {where} the write: two callers can both pass."
            )
            yield finding(file, read, around, _RACE, sentence)


def _decided(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST | None:
    """Return the read whose result a condition compares as an amount, before a write; else `None`."""
    read: dict[str, ast.AST] = {}
    for node in _in_order(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            text = ast.unparse(node.value)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            source = next((read[name] for name in sorted(read) if re.search(rf"\b{re.escape(name)}\b", text)), None)
            if _READ.search(text) or source is not None:
                for target in targets:
                    for name in (each.id for each in ast.walk(target) if isinstance(each, ast.Name)):
                        read.setdefault(name, source or node)
        elif isinstance(node, ast.If):
            found = _compared(node, read)
            if found is not None and _writes_after(function, node):
                return found
    return None


def _in_order(function: ast.AST) -> list[ast.stmt]:
    found = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _compared(branch: ast.If, read: dict[str, ast.AST]) -> ast.AST | None:
    ordered = ast.Lt | ast.LtE | ast.Gt | ast.GtE
    for node in ast.walk(branch.test):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ordered) and _AMOUNT.search(ast.unparse(node)):
            for each in ast.walk(node):
                if isinstance(each, ast.Name) and each.id in read:
                    return read[each.id]
    return None


def _writes_after(function: ast.AST, branch: ast.If) -> bool:
    """Whether an amount is written in a branch or after it."""
    return any(
        isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.With | ast.AsyncWith | ast.Return)
        and node.lineno > branch.lineno
        and _WRITE.search(ast.unparse(node))
        for node in _in_order(function)
    )


def _is_split(function: ast.AST) -> bool:
    """Whether a function begins two transactions, one after the other."""
    begun = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.With | ast.AsyncWith)
        and re.search(r"\.(begin|transaction|atomic|connect)\(", ast.unparse(node.items[0]))
    ]
    return any(one.end_lineno is not None and two.lineno > one.end_lineno for one in begun for two in begun)
