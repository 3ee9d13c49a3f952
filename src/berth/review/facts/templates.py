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
_PAGES: Final = (".html", ".htm", ".j2", ".jinja", ".jinja2", ".mako", ".xhtml")
_SAFE: Final = re.compile(r"\{\{[^}]*?\b([\w.\[\]()]+)\s*\|\s*(safe|safeseq)\b[^}]*\}\}")
_OFF: Final = re.compile(r"\{%-?\s*autoescape\s+(false|off|none)\b", re.IGNORECASE)
_MAKO: Final = re.compile(r"\$\{[^}]*\|\s*n\b[^}]*\}")
_SCRIPT: Final = re.compile(
    r"(innerHTML|outerHTML|document\.write)\s*[=(].*(\{\{|location\.|URLSearchParams|document\.cookie)"
)
_CONSTANT: Final = re.compile(r"""\{\{\s*(['"]|form\.|csrf|super\(\)|field\.|_\()""")
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\$\{")


def templates(sources: Sources) -> Iterator[Fact]:
    """Yield each place of a template, and each environment of Jinja2, that leaves escaping out."""
    for path, text in sources.texts.items():
        if path.endswith(_PAGES) and not _is_test(path):
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
    if not _TEMPLATE.search(text) and not _SCRIPT.search(text):
        return
    faults = 0
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, what in (
            (_SAFE, "is written without escaping (|safe)"),
            (_OFF, "has escaping off from here"),
            (_MAKO, "is written without escaping (|n)"),
            (_SCRIPT, "becomes HTML in the browser"),
        ):
            match = pattern.search(line[:5000])
            if match and not _CONSTANT.match(match[0]):
                faults += 1
                yield text_finding(path, number, line, _UNESCAPED, f"{match[0].strip()[:80]!r} {what}.")
    if not faults:
        yield Safe(79, "template that escapes")
