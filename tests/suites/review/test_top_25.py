"""What docs/security.md says of the Top 25, and what `berth review` says of Berth's own source, agree."""

from __future__ import annotations

import datetime

import pytest

from berth.review.model import ReviewPart, VerdictKind
from berth.review.review import ReviewOptions, review_all
from berth.review.weaknesses import NAMES, TOP_25
from tests.suites.docs.test_security_page import PAGE, rows
from tests.suites.docs.test_security_page import TOP_25 as OF_THE_PAGE
from tests.support.databases import is_long
from tests.tidy import ROOT

CANNOT_OCCUR = {352, 434, 502, 787, 416, 125, 120, 121, 122}
"""Weaknesses of which the page says that there is nothing in Berth which could have them, but for its dependencies."""

QUESTIONS = {476}
"""Weaknesses that only a type checker's run can judge: `make check` has it."""


def test_the_page_and_the_review_have_the_same_list() -> None:
    assert (TOP_25, set(TOP_25) - NAMES.keys()) == (OF_THE_PAGE, set())
    assert [int(cells[0].split()[0].removeprefix("CWE-")) for cells in rows(PAGE.read_text(encoding="utf-8"))] == [
        *TOP_25
    ]


@pytest.mark.skipif(not is_long(), reason="a review of all of Berth takes long: only in the long form")
def test_the_verdicts_on_berth_are_those_of_the_page() -> None:
    options = ReviewOptions(str(ROOT / "src/berth"), frozenset({ReviewPart.CODE}))
    reviewed = review_all(options, datetime.date(2026, 11, 30))
    kinds = {each.cwe: each.kind for each in reviewed.report.review.verdicts}
    assert {cwe for cwe in TOP_25 if kinds[cwe] is VerdictKind.FINDING} == set()
    assert {cwe for cwe in TOP_25 if kinds[cwe] is VerdictKind.NOT_APPLICABLE} >= CANNOT_OCCUR
    assert {cwe for cwe in TOP_25 if kinds[cwe] is VerdictKind.UNKNOWN} == QUESTIONS
