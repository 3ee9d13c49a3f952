"""A review as one HTML file: no script, nothing loaded from elsewhere, readable on paper."""

from collections.abc import Iterable, Iterator
from html import escape as escape_html
from typing import Final

from berth.logs.escape import escape
from berth.model.plural import plural
from berth.review.model import Review, ReviewFinding, VerdictKind
from berth.review.report import digest
from berth.review.report.digest import ReportData
from berth.review.weaknesses import TOP_25, link, weakness_name

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The page's Content-Security-Policy."""

_STYLE: Final = """
:root { color-scheme: light dark; --line: #c9ced6; --soft: #5b6470; --bad: #b3261e; --warn: #8a5300; --good: #1d6b36; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d444d; --soft: #9aa4b0; --bad: #ff8a80; --warn: #ffb95c; --good: #7fd69a; }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin-bottom: .2rem; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .4rem .6rem; border-left: 3px solid var(--line); margin: .2rem 0 .5rem; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: break-word; } td:last-child { overflow-wrap: anywhere; } th { white-space: nowrap; }
.soft { color: var(--soft); } .bad { color: var(--bad); } .warn { color: var(--warn); } .good { color: var(--good); }
article { margin: 1.2rem 0; }
@media (max-width: 40rem) {
  .verdicts thead { display: none; } .verdicts tr { display: grid; grid-template-columns: 1fr auto; column-gap: .6rem; }
  .verdicts tr { border-bottom: 1px solid var(--line); } .verdicts td { border: 0; padding: .2rem 0; }
  .verdicts td:last-child { grid-column: 1 / -1; } .verdicts td:nth-child(2) { max-width: 9rem; text-align: right; }
}
@media print {
  :root { color-scheme: light; --line: #c9ced6; --soft: #444; --bad: #b3261e; --warn: #8a5300; --good: #1d6b36; }
  body { max-width: none; margin: 0; font-size: 10.5pt; } article, tr { break-inside: avoid; }
  pre { white-space: pre-wrap; } details::details-content { content-visibility: visible; height: auto; }
}
"""

# A narrow screen lays the rows of verdicts out as a grid: with their roles they stay a table to those who listen.
_ROW: Final = '<tr role="row">'
_CELL: Final = '<td role="cell">'

_COLOURS: Final = {
    VerdictKind.FINDING: "bad",
    VerdictKind.UNKNOWN: "warn",
    VerdictKind.CHECKED: "good",
    VerdictKind.NOT_APPLICABLE: "soft",
}
_SEVERITY_COLOURS: Final = {"critical": "bad", "high": "bad", "medium": "warn", "low": "soft"}


def as_html(data: ReportData) -> str:
    """Return the whole page. All text is escaped, also what a terminal or a reader's eye would misread."""
    title = f"Review of {data.review.subject}"
    sections = (
        ("Summary", _summary(data)),
        ("Findings", _findings(data)),
        ("Accepted findings", _accepted(data)),
        ("Open questions", _questions(data.review)),
        ("Verdicts", _verdicts(data.review)),
        ("Not seen", _unseen(data.review)),
        ("Recommendations", _recommendations(data.review)),
        ("Conclusion", [f"<p>{_text(digest.conclusion(data))}</p>"]),
    )
    blocks = [(name, list(lines)) for name, lines in sections]
    body = "\n".join(
        f'<section aria-label="{name}">\n<h2>{name}</h2>\n' + "\n".join(lines) + "\n</section>"
        for name, lines in blocks
        if lines
    )
    return _page(title, body)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{_text(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _text(value: str) -> str:
    return escape_html(escape(" ".join(value.split())))


def _code(value: str) -> str:
    return "\n".join(escape_html(escape(line)) for line in value.splitlines())


def _summary(data: ReportData) -> Iterator[str]:
    rows = (f'<tr><th scope="row">{_text(key)}</th><td>{_text(value)}</td></tr>' for key, value in digest.summary(data))
    yield from _table(rows)


def _table(rows: Iterable[str], head: str = "", kind: str = "") -> Iterator[str]:
    named = f' class="{kind}" role="table"' if kind else ""
    yield f'<div class="table" tabindex="0" role="region" aria-label="Table"><table{named}>{head}<tbody>'
    yield from rows
    yield "</tbody></table></div>"


def _findings(data: ReportData) -> Iterator[str]:
    found = digest.findings(data.review)
    for number, finding in enumerate(found, 1):
        yield from _finding(number, finding, digest.attack_of(found, finding))
    if not found:
        yield "<p>none</p>"


def _finding(number: int, finding: ReviewFinding, used: str) -> Iterator[str]:
    colour = _SEVERITY_COLOURS[finding.severity]
    heading = f'{number}. <span class="{colour}">{finding.severity}</span>: {_text(finding.sentence)}'
    symbol = f" in <code>{_text(finding.symbol)}</code>" if finding.symbol else ""
    yield f"<article><h3>{heading}</h3>"
    yield f"<p>{_weakness(finding.cwe)}, at <code>{_text(digest.location(finding))}</code>{symbol}</p>"
    if used:
        yield f"<p><strong>How it is used:</strong> {_text(used)}</p>"
    yield from _steps(finding)
    if finding.why_no_guard:
        yield f"<p><strong>No guard:</strong> {_text(finding.why_no_guard)}</p>"
    if finding.remedy:
        yield f"<p><strong>To mend:</strong> {_text(finding.remedy)}</p>"
    if finding.example:
        yield f"<pre>{_code(finding.example)}</pre>"
    if finding.others:
        places = ", ".join(f"<code>{_text(f'{each.path}:{each.line}')}</code>" for each in finding.others)
        yield f"<p>Also at {places}</p>"
    yield "</article>"


def _steps(finding: ReviewFinding) -> Iterator[str]:
    way = digest.way_of(finding)
    if len(finding.steps) == 1:
        yield f"<pre>{_code(finding.steps[0].code)}</pre>"
    elif finding.steps:
        yield f"<details open><summary>How it gets there: {plural(len(way), 'line')}</summary><ol>"
        for step in way:
            where = f"{step.place.path}:{step.place.line}"
            code = f"<pre>{_code(step.code)}</pre>" if step.code.strip() else ""
            yield f"<li><code>{_text(where)}</code> {_text(step.what)}{code}</li>"
        yield "</ol></details>"


def _weakness(cwe: int) -> str:
    return f'<a href="{link(cwe)}" rel="noreferrer">CWE-{cwe}</a> {_text(weakness_name(cwe))}'


def _accepted(data: ReportData) -> Iterator[str]:
    if not data.suppressed and not data.gone:
        return
    yield "<ul>"
    for each in data.suppressed:
        until = f", until {each.until}" if each.until else ""
        by = ", ".join(filter(None, (each.by, each.who)))
        where = f"<code>{_text(digest.location(each.finding))}</code>"
        reason = _text(each.reason or "no reason given")
        yield f"<li>{_weakness(each.finding.cwe)} at {where}: {reason} ({_text(by + until)})</li>"
    for entry in data.gone:
        yield f"<li>CWE-{entry.cwe} at <code>{_text(entry.where)}</code>: gone; the baseline still has it</li>"
    yield "</ul>"


def _questions(review: Review) -> Iterator[str]:
    ranked = digest.questions(review)
    if not ranked:
        yield "<p>none</p>"
        return
    yield "<ol>"
    for question, settled in ranked:
        gain = f" Settles {plural(settled, 'verdict')}." if settled else ""
        needs = f'<br><span class="soft">Needs: {_text(question.needs)}.{gain}</span>' if question.needs else ""
        cwes = ", ".join(f"CWE-{cwe}" for cwe in question.cwes)
        yield f"<li>{_text(question.sentence)} {cwes and f'({cwes})'}{needs}</li>"
    yield "</ol>"


def _verdicts(review: Review) -> Iterator[str]:
    head = (
        '<thead><tr><th scope="col">Weakness</th><th scope="col">Verdict</th><th scope="col">Evidence</th></tr></thead>'
    )
    rows = []
    for each in digest.verdicts(review):
        top = f' <span class="soft">Top 25: {TOP_25.index(each.cwe) + 1}</span>' if each.cwe in TOP_25 else ""
        kind = f'<span class="{_COLOURS[each.kind]}">{each.kind}</span>'
        cells = (_weakness(each.cwe) + top, kind, _text(digest.evidence(each)))
        rows.append(_ROW + "".join(f"{_CELL}{cell}</td>" for cell in cells) + "</tr>")
    if rows:
        yield from _table(rows, head, "verdicts")


def _unseen(review: Review) -> Iterator[str]:
    every = [each for part in review.parts for each in part.coverage.unseen]
    if every:
        yield "<ul>"
        for each in every:
            where = f"{each.place.path}:{each.place.line}" if each.place.line else each.place.path
            yield f"<li><code>{_text(where)}</code>: {_text(each.why)}</li>"
        yield "</ul>"


def _recommendations(review: Review) -> Iterator[str]:
    every = digest.recommendations(review)
    if every:
        yield "<ol>"
        for each in every:
            yield f'<li>{_text(each.what)} <em>({each.state})</em><br><span class="soft">{_text(each.why)}</span></li>'
        yield "</ol>"
