"""Verdicts: exactly one for each weakness, computed from what was found, counted and asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from berth.review.model import (
    CodePlace,
    Coverage,
    OpenQuestion,
    PartReview,
    ReviewFinding,
    ReviewPart,
    Severity,
    SinkCount,
    Unseen,
    Verdict,
    VerdictKind,
)
from berth.review.verdicts import MEMORY, all_verdicts, code_verdicts, ranked
from berth.review.weaknesses import NAMES, TOP_25

SQL = SinkCount(89, 214, {"gets SQLAlchemy expressions": 209, "text of constants": 5})
WHOLE = PartReview(ReviewPart.CODE, coverage=Coverage(files=3, entries=148, sinks=(SQL,)))


def _finding(cwe: int, line: int = 7) -> ReviewFinding:
    return ReviewFinding("rule", cwe, Severity.HIGH, ReviewPart.CODE, CodePlace("a.py", line), "It is wrong.")


def _kind(part: PartReview, cwe: int) -> Verdict:
    return next(each for each in code_verdicts(part) if each.cwe == cwe)


def test_there_is_exactly_one_verdict_for_each_weakness_the_top_25_first() -> None:
    verdicts = all_verdicts(code_verdicts(WHOLE))
    assert sorted(each.cwe for each in verdicts) == sorted(NAMES)
    assert tuple(each.cwe for each in verdicts[:25]) == TOP_25
    assert [each for each in verdicts if not each.evidence] == []
    assert [each for each in verdicts if (each.kind is VerdictKind.UNKNOWN) != bool(each.needs)] == []


@pytest.mark.parametrize(
    ("part", "cwe", "kind", "words"),
    [
        (WHOLE, 89, VerdictKind.CHECKED, "214 calls execute SQL: 209 gets SQLAlchemy expressions"),
        (WHOLE, 89, VerdictKind.CHECKED, "0 of 148 entry points reach them"),
        (WHOLE, 564, VerdictKind.CHECKED, "looked at as CWE-89: 214"),
        (WHOLE, 611, VerdictKind.NOT_APPLICABLE, "no XML parser is imported or reached"),
        (WHOLE, 798, VerdictKind.CHECKED, "no literal is a secret"),
        (WHOLE, 476, VerdictKind.UNKNOWN, "no type checker is configured"),
        (replace(WHOLE, facts={"types": "mypy is configured"}), 476, VerdictKind.UNKNOWN, "mypy is configured"),
        (replace(WHOLE, findings=(_finding(89, 9), _finding(89))), 89, VerdictKind.FINDING, "2 findings, first a.py:7"),
        (replace(WHOLE, findings=(_finding(22),)), 23, VerdictKind.FINDING, "looked at as CWE-22: 1 finding,"),
        (
            replace(WHOLE, questions=(OpenQuestion("Who calls it?", "the callers", (89, 78)),)),
            *(89, VerdictKind.UNKNOWN, "Who calls it?"),
        ),
        (
            replace(WHOLE, coverage=replace(WHOLE.coverage, unseen=(Unseen(CodePlace("b.py"), "no Python"),))),
            *(89, VerdictKind.UNKNOWN, "214 calls"),
        ),
        (PartReview(ReviewPart.CODE), 78, VerdictKind.NOT_APPLICABLE, "there is no Python"),
    ],
)
def test_a_verdict_is_computed_with_its_evidence(part: PartReview, cwe: int, kind: VerdictKind, words: str) -> None:
    verdict = _kind(part, cwe)
    assert (verdict.kind, words in verdict.evidence) == (kind, True), verdict


@pytest.mark.parametrize("cwe", MEMORY)
def test_memory_is_no_matter_of_pure_python(cwe: int) -> None:
    assert _kind(WHOLE, cwe).kind is VerdictKind.NOT_APPLICABLE
    asked = replace(WHOLE, questions=(OpenQuestion("Does it keep its bounds?", "a review of it", MEMORY),))
    assert _kind(asked, cwe).kind is VerdictKind.UNKNOWN


def test_a_flow_that_was_not_followed_is_not_called_checked() -> None:
    unfollowed = {each.cwe: each.kind for each in code_verdicts(WHOLE, frozenset({78, 89}))}
    assert (unfollowed[78], unfollowed[89]) == (VerdictKind.UNKNOWN, VerdictKind.CHECKED)


def test_the_worst_verdict_of_several_parts_counts() -> None:
    given = [
        Verdict(732, VerdictKind.CHECKED, "3 modes"),
        Verdict(732, VerdictKind.FINDING, "the configuration is open"),
        Verdict(732, VerdictKind.FINDING, "the key is open"),
    ]
    merged = next(each for each in all_verdicts(given) if each.cwe == 732)
    assert merged == Verdict(732, VerdictKind.FINDING, "the configuration is open; the key is open")


def test_a_part_that_was_not_reviewed_is_named() -> None:
    missing = next(each for each in all_verdicts([]) if each.cwe == 778)
    assert (missing.kind, missing.evidence) == (VerdictKind.UNKNOWN, "the part 'log' was not reviewed")
    assert "--database" in missing.needs


def test_questions_are_ranked_by_the_verdicts_that_they_settle() -> None:
    few, many, top = (
        OpenQuestion("few", "x", (601,)),
        OpenQuestion("many", "x", (601, 117)),
        OpenQuestion("top", "x", (79,)),
    )
    assert ranked([few, many, top]) == (many, top, few)
