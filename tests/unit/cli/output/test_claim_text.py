"""Claims of the audit log as sentences."""

from __future__ import annotations

import pytest

from berth.cli.output.claim_text import claims_text, last_owner, owners_text
from berth.model.audit import AuditRecord
from berth.model.change import Facts
from berth.model.consumer import Owner

ADA, EVE = Owner("students", "ada", "JOB"), Owner("rival", "eve", None)
ONE, TWO, ELSEWHERE = {"gpu01": {"PGPU": 1}}, {"gpu01": {"PGPU": 2}}, {"gpu02": {"PGPU": 1}}


def record(before: Facts | None, after: Facts | None) -> AuditRecord:
    return AuditRecord(
        number=1,
        at=0,
        request="",
        actor="ben",
        via="token",
        user="",
        project="",
        roles=(),
        address="",
        operation="X",
        target="",
        outcome="done",
        why="",
        change=1,
        before=before,
        after=after,
        hash="",
    )


TOOK = record(None, Facts(claims={"job": ONE}, owners={"job": ADA}))
RELEASED = record(Facts(claims={"job": ONE}), Facts(claims={"job": {}}, owners={"job": ADA}))
GREW = record(Facts(claims={"job": ONE}), Facts(claims={"job": TWO}, owners={"job": ADA}))
HANDED_OVER = record(Facts(claims={"job": ONE}, owners={"job": ADA}), Facts(claims={"job": TWO}, owners={"job": EVE}))
MOVED = record(Facts(claims={"job": ONE}), Facts(claims={"job": ELSEWHERE}, owners={"job": ADA}))
OLD = record(Facts(claims={"job": ONE}), Facts(claims={"job": {}}))
MANY = record(None, Facts(claims={f"job{number}": ONE for number in range(4)}, owners={"job1": ADA}))
REFUSED = record(None, None)


@pytest.mark.parametrize(
    ("told", "subject", "text"),
    [
        (TOOK, "job", "ada (students) claimed 1 PGPU of <gpu01>"),
        (TOOK, "gpu01", "ada (students) claimed 1 PGPU of <gpu01>"),
        (TOOK, "gpu02", ""),
        (RELEASED, "gpu01", "released 1 PGPU of <gpu01>, held by ada (students)"),
        (GREW, "job", "ada (students) now holds 2 PGPU of <gpu01>"),
        (HANDED_OVER, "gpu01", "eve (rival) took over 2 PGPU of <gpu01> from ada (students)"),
        (MOVED, "gpu01", "released 1 PGPU of <gpu01>, held by ada (students)"),
        (MOVED, "gpu02", "ada (students) claimed 1 PGPU of <gpu02>"),
        (OLD, "job", "released 1 PGPU of <gpu01>, held by unknown owner"),
        (MANY, "gpu01", "4 consumers"),
        (REFUSED, "job", ""),
    ],
)
def test_what_became_of_a_claim(told: AuditRecord, subject: str, text: str) -> None:
    assert claims_text(told, subject, lambda uuid: f"<{uuid}>") == text


@pytest.mark.parametrize(
    ("told", "text"),
    [(TOOK, "ada (students)"), (OLD, "unknown owner"), (REFUSED, ""), (MANY, "unknown owner, ada (students)")],
)
def test_the_owners_of_a_record(told: AuditRecord, text: str) -> None:
    assert owners_text(told) == text


def test_the_last_owner_is_that_of_the_newest_record() -> None:
    assert last_owner([REFUSED, HANDED_OVER, TOOK], "job") == EVE
    assert last_owner([OLD, TOOK], "job") is None
