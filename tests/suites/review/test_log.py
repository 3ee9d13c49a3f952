"""The log's part on a real ledger, on each database: a chain that is whole, a noted seal, a role that is too large."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from berth.api.auth.policy import POLICIES
from berth.ledger import Ledger, open_ledger
from berth.ledger.audit.chain import RecordSeal, verify
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import Command, CreateProvider, CreateToken
from berth.model.token import Token
from berth.review.log_part import LogSubject, review_log_part
from berth.review.model import VerdictKind
from berth.review.subject import SubjectUnreadable
from berth.store.engine import Database
from berth.store.tables import audit

DAY = 24 * 3600 * 1_000_000
START = int(datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC).timestamp() * 1_000_000)
ADMIN = Caller(name="ada", user="ada", roles=frozenset({"admin"}), via="token", address="10.0.0.9")


@dataclass
class Clock:
    """A clock that the test sets, in microseconds since 1970 UTC."""

    now: int = START

    def __call__(self) -> int:
        """Return the time."""
        return self.now


def done(ledger: Ledger, command: Command, caller: Caller) -> None:
    """Carry a command out."""
    answer = ledger.queue(command, caller)
    ledger.work()
    answer.result()


def fill(url: str) -> None:
    """Write a history of 100 days: an administrator's token that only makes providers, and a few refusals."""
    with open_ledger(url) as ledger:
        clock = Clock()
        ledger._writer.time.use(clock)
        held = Token(id="a" * 10, name="ada", hash="00", user="ada", project="p", roles=("admin",), created_at=START)
        done(ledger, CreateToken(token=held), Caller(name="root", via="local"))
        for day in range(1, 101):
            clock.now = START + day * DAY
            done(ledger, CreateProvider(uuid=f"00000000-0000-4000-8000-{day:012}", name=f"host{day}"), ADMIN)
        refused = RefusedRequest(
            caller=ADMIN, request="r", operation="tokens.list", target="t", outcome="403", why="No."
        )
        ledger.record_refusal(refused)
        ledger.work()


def reviewed(url: str, seal: RecordSeal | None) -> tuple[list[str], dict[int, VerdictKind], dict[str, str]]:
    database = Database(url)
    try:
        subject = LogSubject(database, POLICIES["default"], START + 101 * DAY, seal)
        part, verdicts = review_log_part(subject, alone=True)
    finally:
        database.close()
    return [each.rule for each in part.findings], {each.cwe: each.kind for each in verdicts}, part.facts


def seal_of(url: str) -> RecordSeal:
    database = Database(url)
    try:
        found = verify(database)
    finally:
        database.close()
    return found.last, found.seal


def alter(url: str) -> None:
    database = Database(url)
    try:
        with database.writing() as connection:
            connection.execute(update(audit).where(audit.c.number == 50).values(actor="eve"))
    finally:
        database.close()


def test_a_real_log(ledger_url: str) -> None:
    fill(ledger_url)
    number, sealed = seal_of(ledger_url)
    rules, kinds, facts = reviewed(ledger_url, (number, sealed))
    assert (rules, kinds[354]) == (["right-unused"], VerdictKind.CHECKED)
    assert facts["refusals by address"] == "10.0.0.9: 1"
    assert facts["rights never used"].startswith("1 of 1 token")
    assert reviewed(ledger_url, None)[1][354] is VerdictKind.UNKNOWN
    assert "log-altered" in reviewed(ledger_url, (number, "0" * 64))[0]
    alter(ledger_url)
    rules, kinds, _ = reviewed(ledger_url, (number, sealed))
    assert (rules[0], kinds[354]) == ("log-altered", VerdictKind.FINDING)


def test_a_ledger_that_is_not_there(tmp_path: object) -> None:
    with pytest.raises(SubjectUnreadable, match="does not exist"):
        reviewed(f"sqlite:///{tmp_path}/none.db", None)
