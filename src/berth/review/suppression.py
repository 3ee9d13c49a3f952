"""Findings that were judged: a comment beside the code, or an entry of a baseline, each with its reason."""

import ast
import datetime
import hashlib
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from berth.review.code.parse import parse
from berth.review.model import ReviewFinding, Unseen
from berth.review.weaknesses import NAMES

MARK: Final = re.compile(r"#\s*berth:\s*allow\b(?P<rest>.*)")
_ALLOWED: Final = re.compile(
    r"\s+CWE-(?P<cwe>\d{1,4})(?:\s+until\s+(?P<until>\d{4}-\d\d-\d\d))?(?:\s+because:?\s+(?P<reason>\S.*))?$"
)
_SHORTEST_REASON: Final = 2
"""How many words a reason has at least."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A comment `# berth: allow CWE-89 because ...`: the lines of its statement, the weakness, the reason, the end."""

    path: str
    line: int
    lines: range
    cwe: int
    reason: str
    until: datetime.date | None


@dataclass(frozen=True, slots=True)
class SuppressedFinding:
    """A finding that is not counted. `by`: code (a comment) or baseline; `who` accepted it, if known."""

    finding: ReviewFinding
    reason: str
    by: str
    who: str = ""
    until: str = ""


class BaselineEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding that was known when the baseline was written."""

    fingerprint: str
    cwe: int
    rule: str
    where: str
    part: str
    reason: str = ""
    who: str = ""
    until: str = ""


class FindingBaseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of known findings."""

    entries: tuple[BaselineEntry, ...] = ()
    format: str = "berth-review-baseline/1"


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings that count, those that do not, and each suppression that is wrong, as a sentence."""

    findings: tuple[ReviewFinding, ...]
    suppressed: tuple[SuppressedFinding, ...]
    errors: tuple[str, ...]
    gone: tuple[BaselineEntry, ...] = ()


def allowances(files: Mapping[str, bytes]) -> tuple[list[Allowance], list[str]]:
    """Return the suppressions in comments of Python files, and a sentence for each that cannot be understood."""
    good: list[Allowance] = []
    wrong: list[str] = []
    for path, content in sorted(files.items()):
        if not path.endswith((".py", ".pyi")) or b"berth:" not in content:
            continue
        spans: list[range] | None = None
        for line, rest in _marks(content):
            match = _ALLOWED.match(rest.rstrip())
            problem = _problem(match)
            if problem or match is None:
                wrong.append(f"{path}:{line}: {problem}")
                continue
            spans = _spans(path, content) if spans is None else spans
            good.append(_allowance(path, line, match, spans))
    return good, wrong


def _allowance(path: str, line: int, match: re.Match[str], spans: list[range]) -> Allowance:
    until = datetime.date.fromisoformat(match["until"]) if match["until"] else None
    return Allowance(path, line, _lines_of(line, spans), int(match["cwe"]), match["reason"].strip(), until)


def _marks(content: bytes) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            if token.type == tokenize.COMMENT and (match := MARK.match(token.string)):
                yield token.start[0], match["rest"]
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        return  # the file does not parse, which the review says elsewhere


def _problem(match: re.Match[str] | None) -> str:
    """Return why a suppression is wrong, or an empty text."""
    if match is None:
        return "a suppression reads `# berth: allow CWE-89 until 2027-01-31 because ...` (`until` may be left out)"
    if int(match["cwe"]) not in NAMES:
        return f"no rule finds CWE-{match['cwe']}"
    if len((match["reason"] or "").split()) < _SHORTEST_REASON:
        return "a suppression needs its reason: `because ...`"
    try:
        datetime.date.fromisoformat(match["until"] or "2000-01-01")
    except ValueError:
        return f"{match['until']} is not a day"
    return ""


def _spans(path: str, content: bytes) -> list[range]:
    """Return the lines of each statement: all of a simple one, the first lines of one with a body."""
    parsed = parse(path, content)
    if isinstance(parsed, Unseen):
        return []
    spans = []
    for node in ast.walk(parsed.tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno if isinstance(body, list) and body else (node.end_lineno or node.lineno) + 1
            spans.append(range(_first_line(node), max(end, node.lineno + 1)))
    return spans


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _lines_of(line: int, spans: Iterable[range]) -> range:
    """Return the lines of the statement that the comment is in, or of the next one if it stands alone."""
    spans = list(spans)
    around = [each for each in spans if line in each]
    if around:
        return min(around, key=len)
    after = [each for each in spans if each.start > line]
    return min(after, key=lambda each: (each.start, len(each)), default=range(line, line + 1))


def judge(
    findings: Iterable[ReviewFinding],
    files: Mapping[str, bytes],
    baseline: FindingBaseline,
    today: datetime.date,
    parts: frozenset[str],
) -> Judged:
    """Sort findings into those that count and those that a comment or the baseline allows.

    Comments that are expired, malformed or match nothing are errors. parts: those reviewed; baseline entries of other
    parts are left alone.
    """
    marks, errors = allowances(files) if "code" in parts else ([], [])
    known = {each.fingerprint: each for each in baseline.entries if not _ended(each, today)}
    counted: list[ReviewFinding] = []
    suppressed: list[SuppressedFinding] = []
    used: set[tuple[str, int]] = set()
    for finding in fingerprinted(findings):
        comment = next((each for each in marks if _allows(each, finding)), None)
        if comment is not None:
            used.add((comment.path, comment.line))
        if comment is not None and not _over(comment, today):
            suppressed.append(SuppressedFinding(finding, comment.reason, "code", until=str(comment.until or "")))
        elif entry := known.pop(finding.fingerprint, None):
            suppressed.append(SuppressedFinding(finding, entry.reason, "baseline", entry.who, entry.until))
        else:
            counted.append(finding)
    errors += _wrong(marks, used, today)
    gone = tuple(each for each in known.values() if each.part in parts)
    return Judged(tuple(counted), tuple(suppressed), tuple(sorted(errors)), gone)


def _wrong(marks: Iterable[Allowance], used: set[tuple[str, int]], today: datetime.date) -> Iterator[str]:
    for each in marks:
        where = f"{each.path}:{each.line}"
        if _over(each, today):
            yield f"{where}: the suppression ended on {each.until}"
        if (each.path, each.line) not in used:
            yield f"{where}: the suppression of CWE-{each.cwe} matches no finding: remove it"


def _over(each: Allowance, today: datetime.date) -> bool:
    return each.until is not None and each.until < today


def _ended(each: BaselineEntry, today: datetime.date) -> bool:
    return bool(each.until) and datetime.date.fromisoformat(each.until) < today


def _allows(each: Allowance, finding: ReviewFinding) -> bool:
    return each.cwe == finding.cwe and each.path == finding.place.path and finding.place.line in each.lines


def fingerprinted(findings: Iterable[ReviewFinding]) -> list[ReviewFinding]:
    """Return the findings, the worst first, each with a fingerprint of its own that does not depend on its line."""
    seen: dict[str, int] = {}
    every = []
    for finding in sorted(findings, key=_order):
        mark = finding.fingerprint or _fingerprint(finding)
        seen[mark] = count = seen.get(mark, 0) + 1
        every.append(replace(finding, fingerprint=mark if count == 1 else f"{mark}-{count}"))
    return every


def _order(finding: ReviewFinding) -> tuple[Any, ...]:
    place = finding.place
    return (SEVERITIES.index(finding.severity.value), finding.cwe, place.path, place.line, place.column, finding.rule)


SEVERITIES: Final = ("critical", "high", "medium", "low")
"""Severities, the worst first."""


def _fingerprint(finding: ReviewFinding) -> str:
    text = next((step.code for step in finding.steps if step.place.line == finding.place.line), "") or finding.sentence
    joined = "\0".join((finding.rule, finding.place.path, finding.symbol, "".join(text.split())))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def read_baseline(content: bytes) -> FindingBaseline:
    """Return a baseline. Raises msgspec.DecodeError or ValueError if it is none."""
    baseline = msgspec.json.decode(content, type=FindingBaseline)
    for entry in baseline.entries:
        if entry.until:
            datetime.date.fromisoformat(entry.until)
    return baseline


def write_baseline(findings: Iterable[ReviewFinding], old: FindingBaseline) -> bytes:
    """Return a baseline with these findings; reasons, names and ends of entries that it has already stay."""
    known = {each.fingerprint: each for each in old.entries}
    entries = tuple(
        known.get(each.fingerprint)
        or BaselineEntry(each.fingerprint, each.cwe, each.rule, each.place.path, each.part.value)
        for each in findings
    )
    return msgspec.json.format(msgspec.json.encode(FindingBaseline(entries)), indent=2) + b"\n"
