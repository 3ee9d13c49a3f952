"""The log's part: a broken chain, silence, rights that are never used."""

from __future__ import annotations

import pytest

from berth.api.auth.policy import DEFAULT, POLICIES, Policy
from berth.ledger.audit.chain import Finding as ChainFinding
from berth.ledger.audit.chain import Verification
from berth.model.anomaly import Anomaly, AnomalyKind
from berth.model.audit import AuditRecord, repeated
from berth.model.token import Token
from berth.review.log.log import LogEvidence, log_verdicts, review_log
from berth.review.log.roles import OPERATIONS, smallest_role
from berth.review.model import PartReview, VerdictKind

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
WHOLE = Verification((), 1, 100, "ab")


def record(
    number: int, operation: str = "SetAllocations", outcome: str = "done", user: str = "ann", why: str = ""
) -> AuditRecord:
    return AuditRecord(
        number=number,
        at=number * HOUR,
        request="",
        actor=user,
        via="token",
        user=user,
        project="",
        roles=("admin",),
        address="10.0.0.9",
        operation=operation,
        target="",
        outcome=outcome,
        why=why,
        change=None,
        before=None,
        after=None,
        hash="",
    )  # type: ignore[arg-type]


RECORDS = tuple(record(number) for number in range(1, 101))


POLICY = POLICIES["default"]


def token(name: str, *roles: str, created_at: int = 0, **fields: object) -> Token:
    usual = {"roles": roles or ("admin",), "created_at": created_at, **fields}
    return Token(id=name, name=name, hash="", user=f"user of {name}", project="", **usual)  # type: ignore[arg-type]


def review(evidence: LogEvidence, now: int) -> PartReview:
    return review_log(evidence, POLICY, now)


def kinds(part: PartReview) -> dict[int, VerdictKind]:
    return {each.cwe: each.kind for each in log_verdicts(part)}


def test_a_log_that_is_whole_and_alive() -> None:
    part = review(LogEvidence(WHOLE, RECORDS, (), seal=(50, "aa"), sealed_at=50 * HOUR), 101 * HOUR)
    assert (part.findings, part.questions) == ((), ())
    assert kinds(part) == dict.fromkeys((223, 354, 778), VerdictKind.CHECKED)
    assert part.facts["seal"] == "of record 50, noted 2 days ago at most"


def test_without_a_seal_nobody_knows_whether_the_whole_log_was_replaced() -> None:
    part = review(LogEvidence(WHOLE, RECORDS, ()), 101 * HOUR)
    assert "100:ab" in part.questions[0].needs
    assert kinds(part)[354] is VerdictKind.UNKNOWN


@pytest.mark.parametrize(("days", "rules"), [(29, []), (31, ["seal-old"])])
def test_a_seal_that_is_old(days: int, rules: list[str]) -> None:
    now = 100 * HOUR + DAY
    part = review(LogEvidence(WHOLE, RECORDS, (), seal=(1, "aa"), sealed_at=now - days * DAY), now)
    assert [each.rule for each in part.findings] == rules


def test_a_broken_chain_is_critical() -> None:
    broken = Verification((ChainFinding(7, "record 7 is not as it was sealed"),), 1, 100, "ab")
    part = review(LogEvidence(broken, RECORDS, ()), 101 * HOUR)
    assert [(each.rule, each.severity, each.place.path) for each in part.findings] == [
        ("log-altered", "critical", "record 7")
    ]
    assert kinds(part)[354] is VerdictKind.FINDING


def test_silence_is_measured_by_what_is_usual() -> None:
    assert review(LogEvidence(WHOLE, RECORDS, ()), 100 * HOUR + 6 * DAY).findings == ()
    (finding,) = review(LogEvidence(WHOLE, RECORDS, ()), 100 * HOUR + 8 * DAY).findings
    assert finding.sentence.startswith("Nothing was recorded for 8 days")
    assert review(LogEvidence(WHOLE, RECORDS[:5], ()), 100 * DAY).findings == ()


def test_refusals_are_counted_by_address_also_those_that_one_record_stands_for() -> None:
    refused = (record(1, outcome="403"), record(2, outcome="401", why=repeated(41, "The token is not valid.")))
    assert review(LogEvidence(WHOLE, refused, ()), HOUR).facts["refusals by address"] == "10.0.0.9: 42"


CLAIM, CREATE, MINT = "SetAllocations", "CreateProvider", "CreateToken"
ROLES = [
    ([], "reader"),
    ([CLAIM], "service"),
    ([CREATE], "provider-owner"),
    ([CREATE, CLAIM], "service"),
    ([CLAIM, MINT], "admin"),
    (["ArchiveAudit"], "admin"),
]


@pytest.mark.parametrize(("changes", "role"), ROLES)
def test_the_smallest_role(changes: list[str], role: str) -> None:
    assert smallest_role(changes, POLICY) == role


def test_the_smallest_role_is_that_of_the_policy_in_use() -> None:
    assert smallest_role([CLAIM], Policy("mine", {**DEFAULT, "allocations.post": frozenset({"reader"})})) == "reader"


def test_every_operation_of_a_command_has_a_rule() -> None:
    assert set(OPERATIONS.values()) <= DEFAULT.keys()


DAY_100 = 100 * DAY
UNUSED = [
    (token("ci"), [], ["token ci"]),
    (token("ci"), [CLAIM], ["token ci"]),
    (token("ci"), [MINT], []),
    (token("ci", "service"), [CLAIM], []),
    (token("ci", "service"), [CREATE], ["token ci"]),
    (token("ci", "provider-owner"), [CREATE], []),
    (token("ci", "reader"), [], []),
    (token("ci", "viewer"), [], []),
    (token("ci", "member"), [CLAIM], []),
    (token("ci", revoked_at=1), [], []),
    (token("ci", expires_at=1), [], []),
    (token("ci", created_at=50 * DAY), [], []),
]


@pytest.mark.parametrize(("held", "done", "things"), UNUSED)
def test_rights_that_were_never_used(held: Token, done: list[str], things: list[str]) -> None:
    records = tuple(record(number, operation, user="ci") for number, operation in enumerate(done, 1))
    part = review(LogEvidence(WHOLE, records, (held,), since=10 * DAY), DAY_100)
    assert [each.place.path for each in part.findings if each.rule == "right-unused"] == things
    assert (269 in kinds(part)) is bool(things)


def test_records_of_a_few_days_say_nothing_of_rights() -> None:
    part = review(LogEvidence(WHOLE, (), (token("ci"),), since=DAY_100 - 29 * DAY), DAY_100)
    assert part.findings == ()
    assert part.facts["rights never used"].startswith("not known")


def test_records_in_an_archive_are_not_taken_for_none() -> None:
    archived = Verification((), 60, 100, "ab")
    records = (record(95 * 24, user="ci"),)
    part = review(LogEvidence(archived, records, (token("ci"),), since=10 * DAY), DAY_100)
    assert [each.rule for each in part.findings if each.rule == "right-unused"] == []


def anomaly(kind: AnomalyKind, number: int) -> Anomaly:
    at = number * DAY
    return Anomaly(
        kind=kind, actor="ci", via="token", address="", first_at=at, last_at=at, records=(number,), count=1, why="More"
    )


def test_unusual_activity_is_a_question_to_people() -> None:
    found = (*(anomaly(AnomalyKind.NETWORK, each) for each in (1, 2, 3)), anomaly(AnomalyKind.CHAIN, 4))
    part = review(LogEvidence(WHOLE, (), (), seal=(1, "a"), anomalies=found), 5 * DAY)
    (question,) = part.questions
    assert question.sentence == "Was this meant, on 1970-01-04? ci: More. And 2 more of this kind."
    assert "berth audit anomalies --since 1970-01-02" in question.needs
    assert [each.path for each in question.places] == ["record 1", "record 2", "record 3"]
    assert kinds(part)[284] is VerdictKind.UNKNOWN
