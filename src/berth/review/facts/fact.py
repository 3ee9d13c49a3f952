"""What the rules of facts yield: findings, calls that were looked at and are safe, and questions."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from berth.review.facts.syntax import SourceFile, SymbolOwner
from berth.review.model import CodePlace, OpenQuestion, ReviewFinding, ReviewPart, Severity, Step


@dataclass(frozen=True, slots=True)
class Safe:
    """A thing that a rule looked at and found in order, with the reason: `("passes verify=True")`."""

    cwe: int
    reason: str


Fact = ReviewFinding | Safe | OpenQuestion
FileRule = Callable[[SourceFile], Iterator[Fact]]


@dataclass(frozen=True, slots=True)
class Defect:
    """What a rule says of each of its findings: name, CWE, harm and remedy."""

    rule: str
    cwe: int
    severity: Severity
    remedy: str
    example: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What rules look at: parsed Python, and the text of other files by path."""

    files: tuple[SourceFile, ...]
    texts: Mapping[str, str]

    @property
    def judged(self) -> Iterator[SourceFile]:
        """The files without tests, examples and documents."""
        return (file for file in self.files if not file.is_test)


ProjectRule = Callable[[Sources], Iterator[Fact]]


def finding(file: SourceFile, node: ast.AST, owner: SymbolOwner, defect: Defect, sentence: str) -> ReviewFinding:
    """Return a finding at a node of a file."""
    line = getattr(node, "lineno", 0)
    code = file.line(line)
    place = CodePlace(file.path, line, getattr(node, "col_offset", 0) + 1)
    return _finding(defect, place, sentence, owner.symbol, code)


def text_finding(path: str, line: int, code: str, defect: Defect, sentence: str) -> ReviewFinding:
    """Return a finding in a line of a file that is not Python."""
    return _finding(defect, CodePlace(path, line), sentence, path, code.strip()[:200])


def _finding(defect: Defect, place: CodePlace, sentence: str, symbol: str, code: str) -> ReviewFinding:
    return ReviewFinding(
        rule=defect.rule,
        cwe=defect.cwe,
        severity=defect.severity,
        part=ReviewPart.CODE,
        place=place,
        sentence=sentence,
        symbol=symbol,
        steps=(Step(place, sentence, code),),
        remedy=defect.remedy,
        example=defect.example,
        fingerprint=_fingerprint(defect.rule, symbol, code),
    )


def _fingerprint(rule: str, symbol: str, code: str) -> str:
    text = "\0".join((rule, symbol, re.sub(r"\s+", " ", code)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def question(sentence: str, needs: str, cwes: Iterable[int], *places: CodePlace) -> OpenQuestion:
    """Return an open question about these CWEs."""
    return OpenQuestion(sentence, needs, tuple(cwes), places)
