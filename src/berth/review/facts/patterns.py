"""Regular expressions that a text can keep busy for hours: CWE-1333."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.automaton import exponential
from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument
from berth.review.model import Severity

_REPEATS: Final = Defect(
    "exponential-pattern",
    1333,
    Severity.MEDIUM,
    "Write the pattern so that each text has one way through it, and bound the length of the text before.",
    r"re.compile(r'\w+(?:\s\w+)*')",
)
_VERBOSE: Final = re.compile(r"\bre\.(X|VERBOSE)\b")
_CALLS: Final = frozenset({"compile", "match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split"})


def patterns(file: SourceFile) -> Iterator[Fact]:
    """Yield each constant pattern that matches a text in exponentially many ways."""
    for call, name, owner in file.calls():
        room, _, last = name.rpartition(".")
        keyword = last in {"constr", "Field", "Query", "Path", "StringField", "RegexValidator", "Regexp"}
        if not keyword and (room not in {"re", "regex"} or last not in _CALLS):
            continue
        node = argument(call, "regex") or argument(call, "pattern", None if keyword else 0)
        pattern = file.constant(node, owner)
        if isinstance(pattern, bytes):
            pattern = pattern.decode("latin-1")
        if isinstance(pattern, str):
            yield _judged(file, call, owner, pattern, whole=_is_whole(file, call, last))
        elif isinstance(node, ast.expr):
            yield Safe(1333, "pattern put together at run time")


def _judged(file: SourceFile, call: ast.Call, owner: SymbolOwner, pattern: str, *, whole: bool) -> Fact:
    flags = re.VERBOSE if _VERBOSE.search(ast.unparse(call)) else 0
    text = exponential(f"{pattern}$" if whole and "|" not in pattern else pattern, flags)
    if text is None:
        return Safe(1333, "pattern with one way through each text")
    sentence = f"On {text!r} repeated, the pattern takes twice as long for each repetition more."
    return finding(file, call, owner, _REPEATS, sentence)


def _is_whole(file: SourceFile, call: ast.Call, last: str) -> bool:
    """Whether the pattern must match a text to its end: only then can one without an end fail."""
    if last != "compile":
        return last == "fullmatch"
    name = re.match(r"(\w+)\s*(:[^=]*)?=\s*re\.compile", file.line(call.lineno))
    return name is not None and any(f"{name[1]}.fullmatch(" in line for line in file.lines)
