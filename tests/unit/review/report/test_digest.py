"""What all forms of a report say: computed from the review, never a general word."""

from __future__ import annotations

from dataclasses import replace

from berth.review.model import CodePlace, Review, Step, Verdict, VerdictKind
from berth.review.report import digest
from tests.unit.review.made_review import CLEAN, DATA


def test_findings_stand_by_severity() -> None:
    assert [each.cwe for each in digest.findings(DATA.review)] == [89, 328]


def test_the_question_that_settles_most_verdicts_is_first() -> None:
    assert [(each.needs, settled) for each, settled in digest.questions(DATA.review)] == [
        ("the code behind getattr", 2),
        ("the caller", 0),
    ]


def test_the_top_25_come_first_in_their_order() -> None:
    assert [each.cwe for each in digest.verdicts(DATA.review)] == [89, 78, 94, 328, 611, 1395]


def test_weaknesses_of_which_the_same_is_said_are_one_row() -> None:
    said = [(22, "no file is named"), (23, "looked at as CWE-22: no file is named"), (78, "no program is started")]
    every = tuple(Verdict(cwe, VerdictKind.NOT_APPLICABLE, text) for cwe, text in said)
    rows = digest.grouped_verdicts(Review("x", (), every))
    assert [(each.cwe, others) for each, others in rows] == [(22, (23,)), (78, ())]


def test_the_summary_says_what_was_read_and_what_was_not() -> None:
    rows = dict(digest.summary(DATA))
    assert rows["findings"] == "1 high, 1 low"
    assert rows["code read"] == "2 files, 300 lines, 12 functions, 3 entries, 3 sinks, 90 % of 100 calls resolved"
    assert rows["not seen"] == "1 place (listed below)"
    assert rows["advisories"] == "10, up to 2026-11-01"


def test_recommendations_are_of_findings_then_questions_then_the_usual_with_their_state() -> None:
    rows = [(each.what.split(":")[0], each.state) for each in digest.recommendations(DATA.review)]
    assert rows == [
        ("Bind the value", "not done"),
        ("</script><script>alert(1)</script>", "not done"),
        ("Answer the first open question", "not known"),
        ("Bind values in SQL statements; build text from constants and quoted identifiers only", "not done"),
        ("Keep dependencies and the runtime free of known vulnerabilities", "done"),
    ]


def test_the_conclusion_names_the_worst_and_what_was_not_reviewed() -> None:
    text = digest.conclusion(DATA)
    assert "should not be used as it stands: 1 finding of high or critical severity, first CWE-89" in text
    assert "0 were looked for and not found, 0 cannot occur here, 1 were found, and 2 cannot be judged" in text
    assert "Nothing is said of the deployment and audit log" in text
    assert "1 place was not seen" in text
    assert digest.conclusion(CLEAN).startswith("No finding remains in shop.")


def test_steps_of_one_line_are_read_as_one() -> None:
    here, there = CodePlace("a.py", 1, 5), CodePlace("b.py", 2)
    steps = (
        Step(here, "enters: data of a request", "f(request)"),
        Step(CodePlace("a.py", 1, 1), "is given to f()", "f(request)"),
        Step(there, "reaches", "run(x)"),
    )
    found = replace(digest.findings(DATA.review)[0], steps=steps)
    assert [(step.place, step.what) for step in digest.way_of(found)] == [
        (here, "enters: data of a request; is given to f()"),
        (there, "reaches the place where it does harm"),
    ]
