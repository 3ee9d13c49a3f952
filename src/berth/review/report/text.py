"""A review as text of at most 80 columns."""

import textwrap
from collections.abc import Iterator
from typing import Final

from berth.logs.escape import escape
from berth.model.plural import plural
from berth.review.model import Review, ReviewFinding
from berth.review.report import digest
from berth.review.report.digest import ReportData
from berth.review.weaknesses import link, weakness_name

WIDTH: Final = 80
_MOST_OTHERS: Final = 5


def as_text(data: ReportData) -> str:
    """Return the whole report. Names from the reviewed code are escaped: terminals interpret some characters."""
    sections = (
        ("SUMMARY", _summary(data)),
        ("FINDINGS", _findings(data)),
        ("ACCEPTED FINDINGS", _accepted(data)),
        ("OPEN QUESTIONS", _questions(data.review)),
        ("VERDICTS", _verdicts(data.review)),
        ("NOT SEEN", _unseen(data.review)),
        ("RECOMMENDATIONS", _recommendations(data.review)),
        ("CONCLUSION", _wrapped(digest.conclusion(data))),
    )
    blocks = [(title, list(lines)) for title, lines in sections]
    return "\n\n".join("\n".join((title, *lines)) for title, lines in blocks if lines) + "\n"


def _summary(data: ReportData) -> Iterator[str]:
    for label, value in digest.summary(data):
        yield from _wrapped(value, f"  {escape(label):<13} ", 16)


def _findings(data: ReportData) -> Iterator[str]:
    found = digest.findings(data.review)
    for number, finding in enumerate(found, 1):
        if number > 1:
            yield ""
        yield from _finding(number, finding, digest.attack_of(found, finding))
    if not found:
        yield "  none"


def _finding(number: int, finding: ReviewFinding, used: str) -> Iterator[str]:
    name = weakness_name(finding.cwe)
    yield f"{number}. {finding.severity.upper()}  CWE-{finding.cwe} {name}".rstrip()
    yield from _wrapped(f"at {digest.location(finding)}" + (f", in {finding.symbol}" if finding.symbol else ""), "   ")
    yield from _wrapped(finding.sentence, "   ")
    if used:
        yield from _wrapped(f"How it is used: {used}", "   ", 6)
    yield from _steps(finding)
    if finding.why_no_guard:
        yield from _wrapped(f"No guard: {finding.why_no_guard}", "   ", 6)
    if finding.remedy:
        yield from _wrapped(f"To mend: {finding.remedy}", "   ", 6)
    for line in finding.example.splitlines():
        yield f"         {escape(line)}".rstrip()
    yield from _others(finding)
    yield f"   {link(finding.cwe)}"
    if finding.place.line:
        yield from _wrapped(f"To accept it: # berth: allow CWE-{finding.cwe} because ...", "   ", 6)


def _others(finding: ReviewFinding) -> Iterator[str]:
    if finding.others:
        shown = ", ".join(f"{each.path}:{each.line}" for each in finding.others[:_MOST_OTHERS])
        more = len(finding.others) - _MOST_OTHERS
        yield from _wrapped(f"Also at: {shown}" + (f" and {more} more" if more > 0 else ""), "   ", 6)


def _steps(finding: ReviewFinding) -> Iterator[str]:
    """Yield the way of the data, or, where the finding is one line, that line."""
    is_way = len(finding.steps) > 1
    if is_way:
        yield "   How it gets there:"
    for step in digest.way_of(finding):
        if is_way:
            yield from _wrapped(f"{step.place.path}:{step.place.line}  {step.what}", "     ", 7)
        if step.code.strip():
            yield f"         {_cut(escape(step.code.strip()), WIDTH - 9)}"


def _accepted(data: ReportData) -> Iterator[str]:
    for each in data.suppressed:
        until = f" until {each.until}" if each.until else ""
        who = f", {each.who}" if each.who else ""
        what = f"CWE-{each.finding.cwe} at {digest.location(each.finding)}"
        yield from _wrapped(f"{what}: {each.reason or 'no reason given'} ({each.by}{who}{until})", "  ", 4)
    for entry in data.gone:
        yield from _wrapped(f"CWE-{entry.cwe} at {entry.where}: gone; the baseline still has it", "  ", 4)


def _questions(review: Review) -> Iterator[str]:
    ranked = digest.questions(review)
    for number, (question, settled) in enumerate(ranked, 1):
        cwes = ", ".join(f"CWE-{cwe}" for cwe in question.cwes)
        yield from _wrapped(f"{question.sentence}" + (f" ({cwes})" if cwes else ""), f"  {number}. ", 5)
        if question.needs:
            gain = f" Settles {plural(settled, 'verdict')}." if settled else ""
            yield from _wrapped(f"Needs: {question.needs}.{gain}", "     ", 5)
    if not ranked:
        yield "  none"


def _verdicts(review: Review) -> Iterator[str]:
    for verdict, others in digest.grouped_verdicts(review):
        name = weakness_name(verdict.cwe)
        also = f", also {', '.join(f'CWE-{cwe}' for cwe in others)}" if others else ""
        yield from _wrapped(f"CWE-{verdict.cwe} {name}{also}: {verdict.kind}", "  ", 4)
        evidence = digest.evidence(verdict)
        if evidence:
            yield from _wrapped(evidence, "      ")


def _unseen(review: Review) -> Iterator[str]:
    for part in review.parts:
        for each in part.coverage.unseen:
            where = f"{each.place.path}:{each.place.line}" if each.place.line else each.place.path
            yield from _wrapped(f"{where}: {each.why}", "  ", 4)


def _recommendations(review: Review) -> Iterator[str]:
    for number, each in enumerate(digest.recommendations(review), 1):
        yield from _wrapped(f"{each.what} [{each.state}]", f"  {number}. ", 5)
        yield from _wrapped(each.why, "     ", 5)


def _wrapped(text: str, first: str = "  ", indent: int | None = None) -> list[str]:
    later = " " * (len(first) if indent is None else indent)
    lines = textwrap.wrap(
        escape(" ".join(text.split())), WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    )
    return lines or [first.rstrip()]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
