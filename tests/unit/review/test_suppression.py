"""Comments and baselines: what they allow, and that one which allows nothing is an error."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from berth.review.model import CodePlace, ReviewFinding, ReviewPart, Severity
from berth.review.suppression import FindingBaseline, Judged, judge, read_baseline, write_baseline

TODAY = datetime.date(2026, 11, 30)
ALL = frozenset(ReviewPart)


def finding(line: int, cwe: int = 89) -> ReviewFinding:
    return ReviewFinding(
        "rule", cwe, Severity.HIGH, ReviewPart.CODE, CodePlace("a.py", line), f"line {line}", symbol="a.f"
    )


def judged(text: str, *findings: ReviewFinding, baseline: FindingBaseline | None = None) -> Judged:
    return judge(findings, {"a.py": text.encode()}, baseline or FindingBaseline(), TODAY, ALL)


GOOD = [
    ("run(x)  # berth: allow CWE-89 because x is a number", 1),
    ("run(\n    x\n)  # berth: allow CWE-89 because x is a number", 1),
    ("run(  # berth: allow CWE-89 because x is a number\n    f(x),\n)", 2),
    ("# berth: allow CWE-89 because x is a number\nrun(\n    x\n)", 3),
    ("def f():  # berth: allow CWE-89 because of tests\n    run(x)", 1),
    ("# berth: allow CWE-89 because of tests\n@route\ndef f():\n    run(x)", 3),
    ("run(x)  # berth: allow CWE-89 until 2026-11-30 because it goes tomorrow", 1),
]


@pytest.mark.parametrize(("text", "line"), GOOD)
def test_a_comment_allows_findings_of_its_statement(text: str, line: int) -> None:
    result = judged(text, finding(line))
    assert (result.findings, result.errors) == ((), ())
    assert result.suppressed[0].reason.startswith(("x is", "of tests", "it goes"))


BAD = [
    ("run(x)  # berth: allow CWE-89", "needs its reason"),
    ("run(x)  # berth: allow CWE-89 because why", "needs its reason"),
    ("run(x)  # berth: allow sql because I say so", "a suppression reads"),
    ("run(x)  # berth: allow CWE-9999 because I say so", "no rule finds CWE-9999"),
    ("run(x)  # berth: allow CWE-89 until 2026-13-01 because I say so", "is not a day"),
    ("run(x)  # berth: allow CWE-89 until 2026-11-29 because I say so", "the suppression ended on 2026-11-29"),
    ("run(x)  # berth: allow CWE-78 because I say so", "matches no finding: remove it"),
    ("y = 1  # berth: allow CWE-89 because I say so\nrun(x)", "matches no finding: remove it"),
    ("def f():  # berth: allow CWE-89 because I say so\n    run(x)", "matches no finding: remove it"),
]


@pytest.mark.parametrize(("text", "error"), BAD)
def test_a_comment_that_is_wrong_is_an_error_and_allows_nothing(text: str, error: str) -> None:
    result = judged(text, finding(text.count("\n") + 1))
    assert len(result.findings) == 1
    assert len(result.errors) == 1
    assert error in result.errors[0]
    assert result.errors[0].startswith("a.py:1: ")


def test_text_that_only_looks_like_a_comment_is_none() -> None:
    assert judged('x = "# berth: allow CWE-89 because of nothing"').errors == ()


def test_a_baseline_hides_what_it_names_and_keeps_reasons() -> None:
    known = read_baseline(write_baseline(judged("run(x)", finding(1)).findings, FindingBaseline()))
    entry = replace_entry(known, reason="accepted by the owner", who="ann")
    result = judged("\n\nrun(x)", replace(finding(3), sentence="line 1"), baseline=entry)
    assert result.findings == ()
    assert (result.suppressed[0].reason, result.suppressed[0].who) == ("accepted by the owner", "ann")
    again = read_baseline(write_baseline([result.suppressed[0].finding], entry))
    assert again == entry


def test_a_baseline_entry_that_ended_hides_nothing() -> None:
    known = read_baseline(write_baseline(judged("run(x)", finding(1)).findings, FindingBaseline()))
    assert len(judged("run(x)", finding(1), baseline=replace_entry(known, until="2026-11-29")).findings) == 1


def test_a_baseline_says_what_is_gone() -> None:
    known = read_baseline(write_baseline(judged("run(x)", finding(1)).findings, FindingBaseline()))
    assert [each.cwe for each in judged("pass", baseline=known).gone] == [89]
    assert judge([], {}, known, TODAY, frozenset({"deps"})).gone == ()


def test_equal_findings_have_fingerprints_of_their_own() -> None:
    one, two = (replace(finding(line), sentence="same") for line in (1, 2))
    marks = [each.fingerprint for each in judged("a\nb", one, two).findings]
    assert len(set(marks)) == 2


def replace_entry(baseline: FindingBaseline, **fields: str) -> FindingBaseline:
    import msgspec

    return FindingBaseline(tuple(msgspec.structs.replace(each, **fields) for each in baseline.entries))
