"""Leases: what is refused, and what is written when. On a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from berth.ledger import Ledger
from berth.ledger.audit.archive import archive
from berth.ledger.verify import verify
from berth.model import errors
from berth.model.caller import Caller
from berth.model.commands import Claim, Lapse
from berth.model.inventory import Inventory
from berth.model.lease import AWAY_S, LeaseState
from berth.model.request import CandidateRequest, Group
from berth.model.term import Term
from berth.store.engine import Database
from tests.suites.bench.operation_counts import statements
from tests.support.hold_ledger import FakeClock, timed_ledger

HOST = "00000000-0000-4000-8000-000000000001"
ONE, TWO, THREE = (f"00000000-0000-4000-8000-0000000000{digits}" for digits in ("a1", "a2", "a3"))
LEASE, OTHER = (f"00000000-0000-4000-8000-0000000000{digits}" for digits in ("e1", "e2"))
ABSENT = "00000000-0000-4000-8000-0000000000ff"
SECOND = 1_000_000
ASK = CandidateRequest(groups=(Group(resources={"VCPU": 2}),))


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def database(ledger_url: str) -> Iterator[Database]:
    """Return the database of an empty ledger."""
    database = Database(ledger_url)
    yield database
    database.close()


@pytest.fixture
def ledger(database: Database, clock: FakeClock) -> Ledger:
    """Return a ledger with a host, and a lease of 60 seconds with a grace of 6."""
    ledger = timed_ledger(database, clock)
    ledger.create_provider("host", uuid=HOST)
    ledger.set_inventories(HOST, {"VCPU": Inventory(total=8)})
    ledger.leases.grant("node-1", project="p", ttl=60, grace=6, uuid=LEASE)
    return ledger


@pytest.fixture
def second(database: Database, ledger: Ledger, clock: FakeClock) -> Iterator[Ledger]:
    """Return the same ledger, as another process has it."""
    other = Database(database.address.url)
    yield timed_ledger(other, clock)
    other.close()


def claim(consumer: str = ONE, lease: str | None = LEASE, amount: int = 2, **term: Any) -> Claim:
    """Return a claim that goes on with a lease."""
    return Claim(
        consumer=consumer, allocations={HOST: {"VCPU": amount}}, project="p", user="u", term=Term(lease=lease, **term)
    )


def sweep(ledger: Ledger, clock: FakeClock, *seconds: float) -> None:
    """Let time pass in a server, and sweep after each span; a server sweeps every second."""
    for span in seconds:
        clock.go_on(span)
        ledger.sweep()


def used(ledger: Ledger) -> int:
    """Return how much of the host is held."""
    return ledger.usages(HOST).usages["VCPU"]


def facts_of_leases(ledger: Ledger) -> list[str]:
    """Return the operations of the changes that say something of leases."""
    return [each.operation for each in ledger.changes(most=1000) if each.facts.leases]


def test_an_eager_client_writes_four_times_in_a_ttl(ledger: Ledger, database: Database, clock: FakeClock) -> None:
    beats = [_beat(database)]
    deadlines = set()
    for _ in range(60):
        clock.go_on(1)
        deadlines.add(ledger.leases.renew([LEASE])[LEASE])
        beats.append(_beat(database))
    assert beats[-1] - beats[0] == len(deadlines) - 1 == 4


def _beat(database: Database) -> int:
    with database.reading() as connection:
        beat: int = connection.execute(text("SELECT beat FROM head")).scalar_one()
        return beat


def test_what_is_confirmed_or_extended_keeps_its_lease(ledger: Ledger, database: Database) -> None:
    ledger.claim(claim(ONE, confirm_within=60))
    ledger.holds.extend(ONE, 90)
    ledger.holds.confirm(ONE)
    assert ledger.leases.get(LEASE).consumers == 1
    ledger.claim(claim(ONE, lease=None))  # another term
    assert ledger.leases.get(LEASE).consumers == 0
    assert verify(database).findings == ()


def test_a_found_place_goes_on_with_a_lease_and_is_answered_again(ledger: Ledger, second: Ledger) -> None:
    given = {"project": "p", "user": "u", "consumer": ONE, "term": Term(lease=LEASE)}
    assert ledger.allocate(ASK, **given) == second.allocate(ASK, **given)
    assert second.leases.get(LEASE).consumers == 1


BAD: list[tuple[type[errors.Refusal], str, Callable[[Ledger], Any]]] = [
    (errors.LeaseNotFound, "No lease", lambda ledger: ledger.claim(claim(lease=ABSENT))),
    (errors.LeaseNotFound, "in the project", lambda ledger: ledger.claim(claim(lease=OTHER))),
    (errors.Invalid, "not a uuid", lambda ledger: ledger.claim(claim(lease="x"))),
    (errors.LeaseNotFound, "No lease", lambda ledger: ledger.leases.end(ABSENT)),
    (errors.LeaseNotFound, "No lease", lambda ledger: ledger.leases.get(ABSENT)),
    (errors.LeaseExists, "Another lease", lambda ledger: ledger.leases.grant("n", project="p", ttl=60, uuid=LEASE)),
    (errors.Invalid, "ttl", lambda ledger: ledger.leases.grant("n", project="p", ttl=4)),
    (errors.Invalid, "ttl", lambda ledger: ledger.leases.grant("n", project="p", ttl=2**63)),
    (errors.Invalid, "grace", lambda ledger: ledger.leases.grant("n", project="p", ttl=60, grace=0)),
    (errors.Invalid, "a name", lambda ledger: ledger.leases.grant("", project="p", ttl=60)),
    (errors.Invalid, "project", lambda ledger: ledger.leases.grant("n", project="", ttl=60)),
    (errors.Invalid, "no lease", lambda ledger: ledger.leases.renew([])),
    (errors.Invalid, "not a uuid", lambda ledger: ledger.leases.renew(["x"])),
    (errors.Invalid, "too many", lambda ledger: ledger.leases.renew([ABSENT] * 10_001)),
    (errors.Invalid, "page", lambda ledger: ledger.leases.list(after="x")),
]


def test_bad_input_is_refused_and_changes_nothing(ledger: Ledger, database: Database) -> None:
    ledger.leases.grant("others", project="q", ttl=60, uuid=OTHER)
    before = _rows(database)
    for error, words, ask in BAD:
        with pytest.raises(error, match=words):
            ask(ledger)
        assert _rows(database) == before, words


def _rows(database: Database) -> list[Any]:
    with database.reading() as connection:
        tables = ("leases", "consumers", "changes")
        return [sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}")))) for table in tables]


def test_a_lease_that_has_ended_takes_no_claim_and_is_granted_to_nobody(ledger: Ledger, clock: FakeClock) -> None:
    sweep(ledger, clock, 60, 4, 2)
    for ask in (
        lambda: ledger.claim(claim()),
        lambda: ledger.allocate(ASK, project="p", user="u", term=Term(lease=LEASE)),
        lambda: ledger.leases.grant("node-1", project="p", ttl=60, uuid=LEASE),
    ):
        with pytest.raises(errors.LeaseEnded):
            ask()
    assert used(ledger) == 0


def test_granted_again_with_the_same_values_it_is_the_same(ledger: Ledger) -> None:
    head = ledger.head()
    ledger.leases.grant("node-1", project="p", ttl=60, grace=6, uuid=LEASE)
    assert ledger.head() == head


def test_while_a_lease_is_overdue_commits_show_that_the_ledger_is_there(
    ledger: Ledger, database: Database, clock: FakeClock
) -> None:
    ledger.leases.grant("patient", project="p", ttl=60, uuid=OTHER)
    sweep(ledger, clock, 60)
    for _ in range(8):
        sweep(ledger, clock, 1)
        with database.reading() as connection:
            at: int = connection.execute(text("SELECT at FROM head")).scalar_one()
        assert clock.now - at < AWAY_S * SECOND
    assert ledger.leases.get(OTHER).state is LeaseState.OVERDUE


def test_no_lease_ends_while_the_clocks_are_apart(
    ledger: Ledger, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(ledger, clock, 60)
    monkeypatch.setattr(type(ledger._writer.time), "agrees", False)
    sweep(ledger, clock, 4, 4)
    assert ledger.leases.get(LEASE).state is LeaseState.OVERDUE
    monkeypatch.undo()
    sweep(ledger, clock, 1)
    assert ledger.leases.get(LEASE).state is LeaseState.ENDED


def test_a_ledger_without_leases_does_not_look_for_them(database: Database, clock: FakeClock) -> None:
    ledger = timed_ledger(database, clock)
    assert ledger.next_lapse_s() is None
    assert ledger.do(Lapse()) is None
    assert ledger.head() == 0 or ledger.next_lapse_s() is None


def test_a_claim_without_a_lease_asks_nothing_about_leases(ledger: Ledger) -> None:
    ledger.claim(claim(ONE))
    with statements() as seen:
        ledger.claim(claim(TWO, lease=None))
        ledger.release(TWO)
        ledger.find(ASK)
    assert [statement for statement in seen if "leases" in statement] == []


def test_an_archive_and_what_follows_it_know_the_leases(ledger: Ledger, database: Database, tmp_path: Path) -> None:
    ledger.claim(claim(ONE))
    ledger.leases.grant("node-2", project="p", ttl=60, uuid=OTHER)
    archive(database, 2**62, tmp_path / "old.jsonl", Caller(name="tests", via="local"))
    assert verify(database).findings == ()
    ledger.leases.end(OTHER)
    ledger.leases.grant("node-3", project="p", ttl=60)
    assert verify(database).findings == ()


def test_verifying_finds_a_lease_that_is_not_as_the_log_has_it(ledger: Ledger, database: Database) -> None:
    ledger.claim(claim(ONE))
    with database.writing() as connection:
        connection.execute(text("UPDATE leases SET project = 'q'"))
        connection.execute(text("UPDATE consumers SET lease_id = NULL"))
    found = " ".join(verify(database).findings)
    assert f"lease {LEASE} is" in found
    assert f"the term of {ONE} is" in found
