"""Leases: claims go on while theirs is renewed. On a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from berth.ledger import Ledger
from berth.ledger.verify import verify
from berth.ledger.write import lease_prefetch
from berth.model import errors
from berth.model.claim_life import ClaimState
from berth.model.commands import Claim
from berth.model.consumer import ConsumerOrder, ConsumerQuery
from berth.model.inventory import Inventory
from berth.model.lease import LeaseClaims, LeaseInfo, LeaseState, OnEnd, RenewalRefusal
from berth.model.request import CandidateRequest, Group
from berth.model.term import Term
from berth.store.engine import Database
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


def test_a_silent_lease_is_marked_then_ended_with_its_claims(
    ledger: Ledger, second: Ledger, database: Database, clock: FakeClock
) -> None:
    ledger.claim(claim(ONE), claim(TWO))
    second.claim(claim(THREE, lease=None))
    sweep(ledger, clock, 59)
    assert ledger.leases.get(LEASE).state is LeaseState.LIVE
    sweep(second, clock, 1)
    marked = ledger.leases.get(LEASE)
    assert (marked.state, marked.overdue_at, marked.consumers) == (LeaseState.OVERDUE, clock.now, 2)
    assert used(ledger) == 6
    assert [each.uuid for each in ledger.agenda().overdue] == [LEASE]
    sweep(ledger, clock, 3, 2)
    assert used(second) == 6
    sweep(ledger, clock, 1)
    assert (used(ledger), used(second)) == (2, 2)
    ended = second.leases.get(LEASE)
    assert (ended.state, ended.ended_at, ended.consumers) == (LeaseState.ENDED, clock.now, 0)
    assert second.agenda().overdue == []
    assert facts_of_leases(second) == ["GrantLease", "Lapse", "Lapse"]
    change = ledger.changes(most=1000)[-1]
    assert (change.actor, sorted(change.facts.claims)) == ("berth", [ONE, TWO])
    assert verify(database).findings == ()
    assert sorted(ledger.undo(change.number).restored) == [ONE, TWO]
    assert used(second) == 6
    assert verify(database).findings == ()


def test_a_renewal_moves_the_deadline_and_is_in_no_log(
    ledger: Ledger, second: Ledger, database: Database, clock: FakeClock
) -> None:
    before = (ledger.head(), len(ledger.audit(most=1000)))
    sweep(ledger, clock, 60)
    assert ledger.leases.get(LEASE).state is LeaseState.OVERDUE
    assert second.leases.renew([LEASE, ABSENT]) == {LEASE: clock.now + 60 * SECOND, ABSENT: RenewalRefusal.UNKNOWN}
    assert ledger.leases.get(LEASE).state is LeaseState.LIVE
    assert (ledger.head(), len(ledger.audit(most=1000))) == (before[0] + 1, before[1] + 1)  # the mark
    assert verify(database).findings == ()


def test_kept_claims_go_on_after_the_end(ledger: Ledger, second: Ledger, database: Database, clock: FakeClock) -> None:
    ledger.leases.grant("kept", project="p", ttl=10, on_end=OnEnd.KEEP, uuid=OTHER)
    ledger.claim(claim(ONE, OTHER))
    sweep(ledger, clock, 10, 4, 4, 2)
    assert ledger.leases.get(OTHER).state is LeaseState.ENDED
    assert (used(second), second.leases.get(OTHER).consumers) == (2, 1)
    second.claim(Claim(consumer=ONE, allocations={HOST: {"VCPU": 3}}, project="p", user="u"))  # still of that lease
    assert (used(ledger), ledger.leases.get(OTHER).consumers) == (3, 1)
    assert verify(database).findings == ()


@pytest.mark.parametrize("claims", list(LeaseClaims))
def test_its_owner_ends_a_lease(
    claims: LeaseClaims, ledger: Ledger, second: Ledger, database: Database, clock: FakeClock
) -> None:
    ledger.claim(claim(ONE), claim(TWO, lasts=600), claim(THREE, confirm_within=600))
    assert second.leases.end(LEASE, claims) == 3
    assert used(ledger) == (0 if claims is LeaseClaims.RELEASE else 6)
    assert ledger.leases.get(LEASE).consumers == 0
    sweep(ledger, clock, 60, 4, 2)
    assert used(second) == (0 if claims is LeaseClaims.RELEASE else 6)
    if claims is LeaseClaims.DETACH:
        assert ledger.consumer(TWO).end is not None
        ledger.holds.confirm(THREE)
    assert ledger.leases.renew([LEASE]) == {LEASE: RenewalRefusal.ENDED}
    with pytest.raises(errors.LeaseEnded, match="grant another"):
        ledger.leases.end(LEASE)
    assert verify(database).findings == ()


def test_many_claims_of_one_lease_are_released_in_parts(
    ledger: Ledger, second: Ledger, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_SWEPT", "MOST_RELEASED"):
        monkeypatch.setattr(lease_prefetch, name, 2)
    monkeypatch.setattr("berth.ledger.write.decide.leases.MOST_SWEPT", 2)
    monkeypatch.setattr("berth.ledger.write.decide.leases.MOST_RELEASED", 2)
    consumers = [f"00000000-0000-4000-8000-00000000b00{number}" for number in range(5)]
    ledger.claim(*(claim(each, amount=1) for each in consumers))
    assert ledger.leases.end(LEASE) == 5
    assert used(second) == 3
    assert second.next_lapse_s() == 0
    fresh = timed_ledger(database, clock)
    assert fresh.next_lapse_s() == 0
    fresh.sweep()
    assert used(second) == 1
    second.sweep()
    assert used(ledger) == 0
    assert ledger.next_lapse_s() != 0
    assert verify(database).findings == ()


def test_leases_are_listed(ledger: Ledger, second: Ledger, clock: FakeClock) -> None:
    ledger.leases.grant("others", project="q", ttl=600, uuid=OTHER)
    ledger.claim(claim())
    sweep(ledger, clock, 60)
    clock.go_on(1)

    def listed(**given: Any) -> list[str]:
        return [each.name for each in second.leases.list(**given).items]

    assert listed() == ["node-1", "others"]
    assert listed(project="q") == ["others"]
    assert listed(state=LeaseState.OVERDUE) == ["node-1"]
    page = second.leases.list(limit=1)
    assert (page.next, page.now) == (LEASE, clock.now)
    assert listed(after=page.next) == ["others"]
    assert second.leases.count() == {LeaseState.LIVE: 1, LeaseState.OVERDUE: 1, LeaseState.ENDED: 0}
    assert second.leases.get(LEASE) == LeaseInfo(
        uuid=LEASE,
        name="node-1",
        project="p",
        ttl=60,
        grace=6,
        on_end=OnEnd.RELEASE,
        state=LeaseState.OVERDUE,
        deadline=clock.now - SECOND,
        overdue_at=clock.now - SECOND,
        ends_at=clock.now + 5 * SECOND,
        ended_at=None,
        consumers=1,
    )


def test_nothing_ends_because_berth_was_away(ledger: Ledger, second: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim())
    clock.go_on(600)  # ten times the ttl
    second.sweep()
    assert second.leases.get(LEASE).state is LeaseState.OVERDUE
    clock.go_on(600)  # away again, before its host could come back
    ledger.sweep()
    assert ledger.leases.get(LEASE).ends_at == clock.now + 6 * SECOND
    sweep(ledger, clock, 4, 1)
    assert ledger.leases.renew([LEASE])[LEASE] == clock.now + 60 * SECOND
    assert used(second) == 2


def test_an_ended_lease_is_forgotten_after_a_week_unless_it_has_claims(
    ledger: Ledger, database: Database, clock: FakeClock
) -> None:
    ledger.leases.grant("kept", project="p", ttl=60, grace=6, on_end=OnEnd.KEEP, uuid=OTHER)
    ledger.claim(claim(ONE, OTHER))
    sweep(ledger, clock, 60, 4, 2)
    clock.go_on(8 * 24 * 3600)
    ledger.leases.grant("new", project="p", ttl=60, uuid=ABSENT)
    sweep(ledger, clock, 60)
    assert sorted(each.uuid for each in ledger.leases.list().items) == [OTHER, ABSENT]
    assert verify(database).findings == ()


def test_consumers_say_which_lease_they_go_on_with_and_whether_it_is_overdue(ledger: Ledger, clock: FakeClock) -> None:
    for consumer, term in ((ONE, Term(lease=LEASE)), (TWO, Term(lease=LEASE, confirm_within=600)), (THREE, Term())):
        ledger.claim(Claim(consumer=consumer, allocations={HOST: {"VCPU": 1}}, project="p", user="u", term=term))

    def life() -> list[tuple[str | None, str]]:
        shown = [(each.lease, each.state.value) for each in ledger.consumers().items]
        assert shown == [(each.lease, each.state.value) for each in ledger.holders(HOST).items]
        details = [ledger.consumer(each) for each in (ONE, TWO, THREE)]
        assert shown == [(each.lease, each.state.value) for each in details]
        return shown

    assert life() == [(LEASE, "confirmed"), (LEASE, "pending"), (None, "confirmed")]
    clock.go_on(61)
    ledger.sweep()
    assert life() == [(LEASE, "overdue"), (LEASE, "pending"), (None, "confirmed")]
    overdue = ConsumerQuery(state=ClaimState.OVERDUE)
    assert [each.uuid for each in ledger.consumers(overdue).items] == [ONE]
    oldest = ledger.consumers(replace(overdue, order=ConsumerOrder.OLDEST))
    assert [each.uuid for each in oldest.items] == [ONE]
    ledger.leases.renew([LEASE])
    assert life() == [(LEASE, "confirmed"), (LEASE, "pending"), (None, "confirmed")]
    assert ledger.consumers(overdue).items == []
