"""Unusual activity in a ledger's own log, on every database: what was really written, by a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from berth.ledger import Ledger, open_ledger
from berth.ledger.audit import archive, chain
from berth.ledger.audit.anomalies import LogScanner, scanner
from berth.model.anomaly import AnomalyKind
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import Claim, Command, CreateProvider, ReleaseAllocations, SetAllocations, SetInventories
from berth.model.inventory import Inventory
from berth.model.token import TokenRejection
from tests.suites.anomalies.records import DAY, HOUR, MINUTE, SECOND, START

ADMIN = Caller(name="ada", roles=frozenset({"admin"}), via="oidc", address="203.0.113.5")
SERVICE = Caller(name="nova", roles=frozenset({"service"}), via="token", address="10.1.2.3")
DAYS = 12


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now


class Story:
    """A ledger with a clock that the test sets."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.clock, self.count = ledger, Clock(), 0
        ledger._writer.time.use(self.clock)

    def do(self, at: int, who: Caller, *commands: Command) -> None:
        self.clock.now = at
        answers = [self.ledger.queue(command, who) for command in commands]
        self.ledger.work()
        for answer in answers:
            answer.result()

    def refuse(self, at: int, who: Caller, outcome: str, why: str) -> None:
        self.clock.now = at
        self.ledger.record_refusal(
            RefusedRequest(caller=who, request="r", operation="o", target="t", outcome=outcome, why=why)
        )
        self.ledger.work()

    def claim(self, host: int) -> Command:
        self.count += 1
        claim = Claim(
            consumer=_uuid("c", self.count), allocations={_uuid("a", host): {"VCPU": 1}}, project="p", user="u"
        )
        return SetAllocations(claims=(claim,))

    def release(self, number: int) -> Command:
        return ReleaseAllocations(consumer=_uuid("c", number))


def _uuid(letter: str, number: int) -> str:
    return f"{letter}0000000-0000-4000-8000-{number:012}"


def live(story: Story) -> None:
    """Some days of five hosts and forty consumers."""
    for number in range(5):
        story.do(START + HOUR * 9, ADMIN, CreateProvider(uuid=_uuid("a", number), name=f"host-{number}"))
        stock = {"VCPU": Inventory(100)}
        story.do(START + HOUR * 9, ADMIN, SetInventories(uuid=_uuid("a", number), inventories=stock))
    for day in range(DAYS):
        at = START + day * DAY + 10 * HOUR
        story.do(at, SERVICE, *(story.claim(number % 5) for number in range(4)))
        story.do(at + MINUTE, ADMIN, *(story.claim(number % 5) for number in range(2)))


def misbehave(story: Story) -> None:
    """Everything unusual, within a day."""
    at = START + DAYS * DAY + 10 * HOUR
    for number in range(25):
        story.refuse(at + number * SECOND, Caller(address="198.51.100.1"), "401", "no")
    story.refuse(at + 30 * SECOND, Caller(name="ci", via="token", address="10.1.2.4"), "401", TokenRejection.REVOKED)
    story.do(at + MINUTE, Caller(name="nova", via="token", address="192.0.2.66"), story.claim(1))
    story.do(at + 2 * MINUTE, ADMIN, *(story.release(number) for number in range(1, 41)))
    less = {"VCPU": Inventory(50)}
    for number in range(4):
        story.do(at + 3 * MINUTE, SERVICE, SetInventories(uuid=_uuid("a", number), inventories=less))
    story.do(at + 12 * HOUR, ADMIN, story.claim(1))


@pytest.fixture
def story(ledger_url: str) -> Iterator[Story]:
    with open_ledger(ledger_url) as ledger:
        story = Story(ledger)
        live(story)
        yield story


ALL_KINDS = [each for each in AnomalyKind if each not in (AnomalyKind.CHAIN, AnomalyKind.SILENT)]


def test_everything_unusual_is_found_and_nothing_else(story: Story) -> None:
    found = story.ledger.anomalies()
    assert (found.items, found.first, found.complete) == ([], 1, True)
    assert found.last == story.ledger.audit(most=1)[0].number
    misbehave(story)
    found = story.ledger.anomalies()
    assert sorted(each.kind for each in found.items) == sorted(ALL_KINDS)
    by_kind = {each.kind: each for each in found.items}
    for kind, operation in ((AnomalyKind.RELEASE, "ReleaseAllocations"), (AnomalyKind.SHRINK, "SetInventories")):
        numbers = by_kind[kind].records
        records = [story.ledger.audit(after=number - 1, most=1)[0] for number in numbers]
        assert {record.operation for record in records} == {operation}
    assert by_kind[AnomalyKind.RELEASE].count == 40
    assert by_kind[AnomalyKind.SHRINK].why == "nova (token) removed 200 of VCPU within 60 minutes: 40% of the total"


def test_a_span_is_judged_by_what_was_before_it(story: Story) -> None:
    misbehave(story)
    every = story.ledger.anomalies().items
    since = START + DAYS * DAY
    assert story.ledger.anomalies(since=since).items == every
    assert story.ledger.anomalies(since=since + 40 * DAY).items == []
    assert story.ledger.anomalies(until=since).items == []
    night = story.ledger.anomalies(since=since + 20 * HOUR).items
    assert [each.kind for each in night] == [AnomalyKind.HOUR]


def test_what_comes_later_is_found_by_whoever_goes_on(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "PAGE", 7)
    watch = LogScanner(story.ledger._writer)
    while watch.scan_page():
        pass
    assert watch.anomalies().items == []
    misbehave(story)
    while watch.scan_page():
        assert watch.anomalies().complete
    assert watch.anomalies() == story.ledger.anomalies()


def _last_of(story: Story, before: int) -> int:
    """Return the last record before a moment."""
    return story.ledger.audit(until=before, most=1)[0].number


def test_a_log_that_goes_to_an_archive_meanwhile(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The analysis starts again with the remaining records: none counts as missing."""
    monkeypatch.setattr(scanner, "PAGE", 5)
    misbehave(story)
    watch = LogScanner(story.ledger._writer)
    watch.scan_page()
    # By time nothing is old enough: the first record, of the migration, is of today.
    monkeypatch.setattr(archive, "_last_before", lambda _database, before: _last_of(story, before))
    archive.archive(story.ledger._writer.database, START + 6 * DAY, tmp_path / "old.jsonl", ADMIN)
    while watch.scan_page():
        pass
    found = watch.anomalies()
    assert found.first > 5
    assert {each.kind for each in found.items} >= {
        AnomalyKind.REFUSALS,
        AnomalyKind.RELEASE,
        AnomalyKind.SHRINK,
        AnomalyKind.CREDENTIAL,
    }
    assert AnomalyKind.CHAIN not in {each.kind for each in found.items}
    share = next(each.why for each in found.items if each.kind is AnomalyKind.RELEASE)
    assert share.endswith("55% of the total"), "there were 73, however few of them are in the records"


DAMAGED = {
    "UPDATE audit SET actor = 'x' WHERE number = 20": 20,
    "DELETE FROM audit WHERE number = 20": 20,
    "UPDATE changes SET facts = '{}' WHERE number = 20": 20,
    "DELETE FROM audit WHERE number > 60": 61,
}


@pytest.mark.parametrize("statement", DAMAGED)
def test_a_damaged_log(story: Story, statement: str) -> None:
    with story.ledger._writer.database.writing() as connection:
        connection.execute(text(statement))
    found = [each for each in story.ledger.anomalies().items if each.kind is AnomalyKind.CHAIN]
    assert (DAMAGED[statement],) in [each.records for each in found]
    assert found[0].why in [each.why for each in chain.verify(story.ledger._writer.database).findings]


def test_a_new_ledger(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        assert ledger.anomalies().complete
        for since in (None, START, START * 2):
            assert ledger.anomalies(since=since).items == []
