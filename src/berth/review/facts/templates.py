"""Templates that write text into a page as if it were HTML: CWE-79."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, Sources, finding, text_finding
from berth.review.facts.syntax import argument, spreads
from berth.review.model import Severity

_UNESCAPED: Final = Defect(
    "unescaped-template",
    79,
    Severity.MEDIUM,
    "Leave escaping on; mark as safe only what your own code has escaped.",
    "{{ comment.text }}",
)
LONGEST_LINE: Final = 2000
"""How many characters of a line are looked at."""
_PAGES: Final = (".html", ".htm", ".j2", ".jinja", ".jinja2", ".mako", ".xhtml")
_SAFE: Final = re.compile(r"\{\{[^}]*?\b([\w.\[\]()]+)\s*\|\s*(safe|safeseq)\b[^}]*\}\}")
_OFF: Final = re.compile(r"\{%-?\s*autoescape\s+(false|off|none)\b", re.IGNORECASE)
_MAKO: Final = re.compile(r"\$\{[^}]*\|\s*n\b[^}]*\}")
_UNQUOTED: Final = re.compile(r"<[a-zA-Z][^<>]*?\s[\w:-]+=\{\{(?!-?\s*(?:url_for|loop\.|csrf))[^}]*\}\}")
"""A value that is an attribute without quotes around it: a space in it ends the attribute."""
_HTML_SINK: Final = r"(?:(?:innerHTML|outerHTML)\s*\+?=|document\.writeln?\(|insertAdjacentHTML\(|\.html\()"
_ADDRESS: Final = r"(?:location\.(?:hash|search|href)|URLSearchParams|document\.(?:cookie|URL|referrer)|window\.name)"
_SCRIPT: Final = re.compile(rf"{_HTML_SINK}.*(?:\{{\{{|{_ADDRESS}|location\.)")
_NAMED: Final = re.compile(rf"\b(\w+)\s*=[^=;]*{_ADDRESS}")
_INSIDE: Final = re.compile(r"\{\{-?\s*([^}|]*?)\s*(\|[^}]*)?-?\}\}")
_OF_SCRIPT: Final = re.compile(r"\|\s*(?:tojson|escapejs|json\w*|dump|int|float|round|length|count|safe|safeseq)\b")
_PLAIN: Final = re.compile(
    r"(?i)(?:(?:^|[._])(?:id|pk|count|index|index0|total|length|size|port|page|year|number)|\)|^\d+)$"
)
"""Values that are numbers by their name, or that a function makes."""
_CONSTANT: Final = re.compile(r"""\{\{\s*(['"]|form\.|csrf|super\(\)|field\.|_\()""")
_BROWSER: Final = "becomes HTML in the browser"
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\$\{")


def templates(sources: Sources) -> Iterator[Fact]:
    """Yield each place of a template, and each environment of Jinja2, that leaves escaping out."""
    for path, text in sources.texts.items():
        if path.endswith((*_PAGES, ".js", ".mjs")) and not _is_test(path):
            yield from _page(path, text)
    for file in sources.judged:
        for call, name, owner in file.calls():
            is_environment = name in {"jinja2.Environment", "jinja2.environment.Environment"}
            escapes = argument(call, "autoescape")
            if spreads(call) or not (is_environment or escapes is not None):
                continue
            if escapes is None or file.constant(escapes, owner) is False:
                sentence = "This environment escapes nothing: what a template shows becomes part of the page."
                yield finding(file, call, owner, _UNESCAPED, sentence)
            else:
                yield Safe(79, "environment of templates that escapes")


def _is_test(path: str) -> bool:
    return not {"tests", "test", "docs", "examples"}.isdisjoint(path.split("/")[:-1])


def _page(path: str, text: str) -> Iterator[Fact]:
    # A pattern may take the square of a line's length: what is behind that was not written by hand.
    text = "\n".join(line[:LONGEST_LINE] for line in text.splitlines())
    if not _TEMPLATE.search(text) and not _SCRIPT.search(text) and not _NAMED.search(text):
        return
    faults = 0
    for number, line, what in _faults(text, is_page=path.endswith(_PAGES)):
        faults += 1
        yield text_finding(path, number, line, _UNESCAPED, what)
    if not faults:
        yield Safe(79, "template that escapes")


def _faults(text: str, *, is_page: bool) -> Iterator[tuple[int, str, str]]:
    """Yield the number and text of each line with a fault, and what is said of it."""
    of_address = _of_address(text)
    is_script = False
    for number, line in enumerate(text.splitlines(), start=1):
        is_script = _is_script(line, is_script)
        found = [f"{match[0].strip()[:80]!r} {what}." for match, what in _matches(line) if is_page or what is _BROWSER]
        if of_address is not None and not found and (match := of_address.search(line)):
            found = [f"{match[0].strip()[:80]!r} {_BROWSER}, with a part of the page's address."]
        if is_page and is_script and not found:
            found = [f"{each[:80]!r} is code of a script, where HTML's escapes do not help." for each in _bare(line)]
        yield from ((number, line, each) for each in found)


def _of_address(text: str) -> re.Pattern[str] | None:
    """Return what finds HTML made of a variable that has a part of the page's address, if there is such a variable."""
    names = {match[1] for match in _NAMED.finditer(text)}
    if not names:
        return None
    made = rf"\b(?:{'|'.join(sorted(names))})\b"
    names |= {match[1] for match in re.finditer(rf"\b(\w+)\s*=[^=;\n]*{made}", text)}
    return re.compile(rf"{_HTML_SINK}(?!.*(?i:escape|sanitize|purify|encode)).*\b(?:{'|'.join(sorted(names))})\b")


def _matches(line: str) -> Iterator[tuple[re.Match[str], str]]:
    for pattern, what in (
        (_SAFE, "is written without escaping (|safe)"),
        (_OFF, "has escaping off from here"),
        (_MAKO, "is written without escaping (|n)"),
        (_UNQUOTED, "is an attribute without quotes: a space ends it, and what follows is one of its own"),
        (_SCRIPT, _BROWSER),
    ):
        match = pattern.search(line)
        if match and not _CONSTANT.match(match[0]):
            yield match, what


def _is_script(line: str, before: bool) -> bool:
    """Whether a line of a page is code of a script, after one that was or was not."""
    begins, ends = line.rfind("<script"), line.rfind("</script")
    if begins < 0 and ends < 0:
        return before
    tag = line[begins:]
    return begins > ends and not ("type=" in tag and "javascript" not in tag and "module" not in tag)


def _bare(line: str) -> Iterator[str]:
    """Yield the values that stand in code outside of quotes and are not written as JSON or as a number."""
    for match in _INSIDE.finditer(line):
        before = line[: match.start()]
        in_text = any(before.count(quote) % 2 for quote in "\"'`") or "//" in before
        if not (in_text or _OF_SCRIPT.search(match[2] or "") or _PLAIN.search(match[1]) or _CONSTANT.match(match[0])):
            yield match[0]
