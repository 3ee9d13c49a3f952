"""The forms of a report: text, JSON, HTML; and that names from reviewed code do no harm in any of them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from berth.review.report.document import as_json
from berth.review.report.html import POLICY, as_html
from berth.review.report.sarif import as_sarif
from berth.review.report.text import WIDTH, as_text
from tests.unit.review.made_review import CLEAN, DATA

FORMS = [as_text, as_json, as_html, as_sarif]
VOID = {"meta", "br"}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_review_gives_the_same_bytes(form: object) -> None:
    assert callable(form)
    assert form(DATA) == form(DATA)
    assert form(DATA) != form(CLEAN)


def test_text_has_the_sections_in_order_and_fits_80_columns() -> None:
    lines = as_text(DATA).splitlines()
    assert [line for line in lines if line.isupper() and line[0] != " " and not line[0].isdigit()] == [
        *("SUMMARY", "FINDINGS", "ACCEPTED FINDINGS", "OPEN QUESTIONS", "VERDICTS", "NOT SEEN", "RECOMMENDATIONS"),
        "CONCLUSION",
    ]
    assert [line for line in lines if len(line) > WIDTH] == []


def test_text_shows_the_way_and_how_to_mend() -> None:
    text = as_text(DATA)
    for part in (
        "1. HIGH  CWE-89 SQL Injection",
        "at shop/db.py:12, in shop.db.find",
        "shop/web.py:4 enters as a parameter of the query",
        "How it is used: A caller sends a value with a quote in it",
        "No guard: nothing looks at it on the way",
        "To mend: Bind the value",
        'run(text("... :name"), {"name": name})',
        "Also at: shop/db.py:30",
        "CWE-328 at old.py:3: only a key of a cache (code until 2027-01-01)",
        "CWE-22 at gone.py: gone; the baseline still has it",
        "bad.py:7: does not parse: x",
    ):
        assert part in text


def test_no_control_character_of_a_name_reaches_a_terminal() -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", as_text(DATA))
    assert "a <b>&\\x1b[31m\\u202e.py:1" in as_text(DATA)


def test_json_has_everything_in_the_order_of_the_report() -> None:
    document = json.loads(as_json(DATA))
    assert [each["cwe"] for each in document["findings"]] == [89, 328]
    assert document["findings"][0]["steps"][0]["place"] == {"path": "shop/web.py", "line": 4, "column": 3}
    assert document["accepted"][0]["reason"] == "only a key of a cache"
    assert document["questions"][0]["settles"] == 2
    assert document["verdicts"][0] == {
        "cwe": 89,
        "kind": "finding",
        "evidence": "1 of 3 statements is text with input in it",
        "needs": "",
        "name": "SQL Injection",
        "top25": True,
    }


class Page(HTMLParser):
    """Reads a page: its elements, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_file_without_script_and_with_a_policy() -> None:
    page = Page(as_html(DATA))
    assert page.open == []
    assert not page.names & {"script", "img", "link", "iframe", "form", "object", "svg"}
    assert not any(name.startswith("on") or name == "src" for name, _ in page.attributes)
    assert all(str(value).startswith("https://cwe.mitre.org/") for name, value in page.attributes if name == "href")
    assert ("content", POLICY) in page.attributes


def test_html_escapes_names_of_the_code() -> None:
    text = as_html(DATA)
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
