"""Claims that end, and holds: what time alone decides, on a clock that the test sets, mostly without sweeping."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from berth.ledger import Ledger
from berth.ledger.verify import verify
from berth.ledger.write.decide.lapses import BESIDE_CLAIMS
from berth.model import errors
from berth.model.commands import Claim, Confirm, Extend, Lapse, SetAllocations
from berth.model.consumer import ConsumerQuery
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from berth.model.term import LONGEST_HOLD_S, Term
from berth.store.engine import Database
from tests.support.hold_ledger import BEGIN, FakeClock, timed_ledger

HOST, OTHER = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "12")
ONE, TWO, THREE = (f"00000000-0000-4000-8000-0000000000{digits}" for digits in ("a1", "a2", "a3"))
SECOND = 1_000_000
ASK = CandidateRequest(groups=(Group(resources={"VCPU": 8}),))


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
    """Return a ledger with a host of 8 VCPU and another of 4."""
    ledger = timed_ledger(database, clock)
    for uuid, name, total in ((HOST, "host", 8), (OTHER, "other", 4)):
        ledger.create_provider(name, uuid=uuid)
        ledger.set_inventories(uuid, {"VCPU": Inventory(total=total)})
    return ledger


@pytest.fixture
def second(database: Database, ledger: Ledger, clock: FakeClock) -> Iterator[Ledger]:
    """Return the same ledger, as another process has it."""
    other = Database(database.address.url)
    yield timed_ledger(other, clock)
    other.close()


def claim(consumer: str = ONE, amount: int = 8, host: str = HOST, **term: Any) -> Claim:
    """Return a claim of VCPU."""
    given = {"term": Term(**term)} if term else {}
    return Claim(consumer=consumer, allocations={host: {"VCPU": amount}}, project="p", user="u", **given)


def seen(ledger: Ledger, consumer: str = ONE) -> list[bool]:
    """Return whether each way of reading shows a consumer that has all 8 VCPU of the host."""
    return [
        ledger.usages(HOST).usages == {"VCPU": 8},
        not ledger.find(ASK).candidates,
        ledger.allocations(consumer) is not None,
        any(each.consumer.uuid == consumer for each in ledger.allocations_of(HOST).holders),
        [each.consumer for each in ledger.holders(HOST).items] == [consumer],
        [each.uuid for each in ledger.consumers().items] == [consumer],
        [each.uuid for each in ledger.consumers(ConsumerQuery(provider=HOST, resource_class="VCPU")).items]
        == [consumer],
        [each.resources for each in ledger.project_usages("p")] == [{"VCPU": 8}],
        [each.resources for each in ledger.projects().items] == [{"VCPU": 8}],
        ledger.project_of(consumer) == "p",
    ]


TERMS = [{"lasts": 60}, {"end": BEGIN + 60 * SECOND}, {"confirm_within": 60}, {"confirm_within": 60, "lasts": 90}]


@pytest.mark.parametrize("term", TERMS)
def test_it_counts_until_the_instant_and_no_more(
    term: dict[str, int], ledger: Ledger, second: Ledger, database: Database, clock: FakeClock
) -> None:
    ledger.claim(claim(**term))
    clock.go_on(59.999999)
    assert all(seen(ledger))
    assert all(seen(second))
    clock.go_on(0.000001)
    assert not any(seen(ledger))
    assert not any(seen(second))
    assert verify(database).findings == ()
    second.claim(claim(TWO))  # all of it, through another process, before any sweep
    assert all(seen(ledger, TWO))
    assert ledger.do(Lapse()) is None
    assert [each.operation for each in ledger.changes(most=100)][-2:] == ["Lapse", "SetAllocations"]
    assert all(seen(second, TWO))
    assert verify(database).findings == ()


def test_a_hold_is_confirmed_until_its_deadline(ledger: Ledger, second: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim(confirm_within=60))
    clock.go_on(59.999999)
    second.holds.confirm(ONE)
    clock.go_on(10**6)
    assert all(seen(ledger))
    assert ledger.consumer(ONE).deadline is None


@pytest.mark.parametrize("swept", [False, True])
def test_a_late_caller_learns_that_the_hold_lapsed(
    swept: bool, ledger: Ledger, second: Ledger, clock: FakeClock
) -> None:
    ledger.claim(claim(confirm_within=60))
    clock.go_on(60)
    if swept:
        ledger.do(Lapse())
    clock.go_on(1)
    for late in (lambda: second.holds.confirm(ONE), lambda: second.holds.extend(ONE, 5)):
        with pytest.raises(errors.HoldLapsed) as refused:
            late()
        assert (refused.value.deadline, refused.value.at) == (BEGIN + 60 * SECOND, BEGIN + 61 * SECOND)
    assert not any(seen(second))


def test_confirming_needs_no_room(ledger: Ledger, database: Database, clock: FakeClock) -> None:
    ledger.claim(claim(confirm_within=60))
    ledger.set_inventories(HOST, {"VCPU": Inventory(total=2, max_unit=1)})
    clock.go_on(59)
    ledger.holds.confirm(ONE)
    ledger.holds.confirm(ONE)  # sent twice
    assert ledger.usages(HOST).usages == {"VCPU": 8}
    assert verify(database).findings == ()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (claim(end=BEGIN), errors.InvalidTerm),
        (claim(end=2**63), errors.InvalidTerm),
        (claim(end=-1), errors.InvalidTerm),
        (claim(lasts=0), errors.InvalidTerm),
        (claim(lasts=2**62), errors.InvalidTerm),
        (claim(lasts=5, end=BEGIN + 5), errors.InvalidTerm),
        (claim(start=BEGIN + 2 * SECOND), errors.InvalidTerm),
        (claim(lease=TWO), errors.LeaseNotFound),
        (claim(replaces=TWO), errors.InvalidTerm),
        (claim(confirm_within=0), errors.InvalidTerm),
        (claim(confirm_within=LONGEST_HOLD_S + 1), errors.HoldTooLong),
        (Confirm(consumer=THREE), errors.AllocationsNotFound),
        (Confirm(consumer=TWO, allocations={HOST: {"VCPU": 5}}), errors.NotHeld),
        (Confirm(consumer=TWO, allocations={OTHER: {"VCPU": 1}}), errors.NotHeld),
        (Confirm(consumer=TWO, allocations={}), errors.Invalid),
        (Confirm(consumer=TWO, end=BEGIN), errors.InvalidTerm),
        (Confirm(consumer=TWO, onto=THREE), errors.DoesNotJoin),
        (Confirm(consumer=TWO, onto=TWO), errors.DoesNotJoin),
        (Confirm(consumer=ONE, allocations={HOST: {"VCPU": 1}}), errors.NotPending),
        (Confirm(consumer=ONE, end=BEGIN + 5), errors.NotPending),
        (Extend(consumer=ONE, seconds=5), errors.NoEnd),
        (Extend(consumer=TWO, seconds=0), errors.Invalid),
        (Extend(consumer=TWO, seconds=2**60), errors.HoldTooLong),
        (Extend(consumer=TWO, seconds=LONGEST_HOLD_S), errors.HoldTooLong),
    ],
)
def test_what_is_refused_changes_nothing(
    change: Any, refusal: type[errors.Refusal], ledger: Ledger, clock: FakeClock
) -> None:
    ledger.claim(claim(ONE, 2), claim(TWO, 4, confirm_within=60))
    clock.go_on(1)
    before = ledger.head(), ledger.consumers(), ledger.usages(HOST)
    with pytest.raises(refusal):
        ledger.do(SetAllocations(claims=(change,)) if isinstance(change, Claim) else change)
    assert (ledger.head(), ledger.consumers(), ledger.usages(HOST)) == before


def test_a_part_is_confirmed_and_the_rest_released(ledger: Ledger, database: Database) -> None:
    both = {HOST: {"VCPU": 8}, OTHER: {"VCPU": 4}}
    term = Term(confirm_within=60)
    ledger.claim(Claim(consumer=ONE, allocations=both, project="p", user="u", term=term))
    ledger.holds.confirm(ONE, {HOST: {"VCPU": 3}}, end=BEGIN + 5 * SECOND)
    assert ledger.usages(HOST).usages == {"VCPU": 3}
    assert ledger.usages(OTHER).usages == {"VCPU": 0}
    assert (ledger.consumer(ONE).end, ledger.consumer(ONE).deadline) == (BEGIN + 5 * SECOND, None)
    assert verify(database).findings == ()


def test_a_hold_is_added_to_a_consumer(ledger: Ledger, database: Database) -> None:
    ledger.claim(claim(ONE, 2), claim(TWO, 4, confirm_within=60))
    ledger.holds.confirm(TWO, onto=ONE)
    assert ledger.consumer(ONE).allocations == {HOST: {"VCPU": 6}}
    assert ledger.allocations(TWO) is None
    assert ledger.usages(HOST).usages == {"VCPU": 6}
    assert verify(database).findings == ()


@pytest.mark.parametrize(
    ("onto", "inventory"),
    [
        ({"lasts": 60}, Inventory(total=8)),
        ({"confirm_within": 60}, Inventory(total=8)),
        ({}, Inventory(total=8, max_unit=5)),
    ],
)
def test_a_hold_that_does_not_join(onto: dict[str, int], inventory: Inventory, ledger: Ledger) -> None:
    ledger.claim(claim(ONE, 2, **onto), claim(TWO, 4, confirm_within=60))
    ledger.set_inventories(HOST, {"VCPU": inventory})
    before = ledger.head()
    with pytest.raises(errors.DoesNotJoin):
        ledger.holds.confirm(TWO, onto=ONE)
    assert ledger.head() == before


def test_a_hold_takes_the_place_of_a_claim(ledger: Ledger, database: Database) -> None:
    ledger.claim(claim(ONE, 4, OTHER))
    ledger.claim(claim(TWO, 8, HOST, confirm_within=60, replaces=ONE))
    ledger.holds.confirm(TWO)
    assert ledger.consumer(ONE).allocations == {HOST: {"VCPU": 8}}
    assert ledger.allocations(TWO) is None
    assert ledger.usages(OTHER).usages == {"VCPU": 0}
    assert verify(database).findings == ()


def test_a_claim_that_ends_is_extended_and_never_shortened(ledger: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim(lasts=100))
    before = ledger.consumer(ONE).generation
    assert ledger.holds.extend(ONE, 50) == BEGIN + 100 * SECOND
    assert ledger.consumer(ONE).generation == before
    clock.go_on(99)
    assert ledger.holds.extend(ONE, 50) == BEGIN + 149 * SECOND
    for too_long in (0, 2**60):
        with pytest.raises(errors.InvalidTerm):
            ledger.holds.extend(ONE, too_long)
    clock.go_on(49.999999)
    assert ledger.consumer(ONE).end == BEGIN + 149 * SECOND
    clock.go_on(0.000001)
    with pytest.raises(errors.AllocationsNotFound):
        ledger.holds.extend(ONE, 50)
    assert seen(ledger) == [False] * len(seen(ledger))


def test_a_hold_is_extended_but_not_for_ever(ledger: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim(confirm_within=60))
    clock.go_on(50)
    assert ledger.holds.extend(ONE, 60) == BEGIN + 110 * SECOND
    assert ledger.holds.extend(ONE, 5) == BEGIN + 110 * SECOND
    clock.go_on(59.999999)
    assert all(seen(ledger))
    with pytest.raises(errors.HoldTooLong):
        ledger.holds.extend(ONE, LONGEST_HOLD_S - 109)
    clock.go_on(0.000001)
    assert not any(seen(ledger))


def test_writing_a_hold_without_a_term_confirms_it(ledger: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim(ONE, confirm_within=60, lasts=600))
    ledger.claim(claim(ONE, 8))
    clock.go_on(1000)
    assert all(seen(ledger))


def test_writing_a_claim_that_ends_keeps_its_end(ledger: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim(ONE, 8, lasts=60))
    ledger.claim(claim(ONE, 8))
    clock.go_on(60)
    assert not any(seen(ledger))


def test_a_context_confirms_or_releases(ledger: Ledger, clock: FakeClock) -> None:
    taken = list[str]()
    with contextlib.suppress(ZeroDivisionError), ledger.holds.holding(ASK, within=5, project="p", user="u") as held:
        taken.append(held.consumer)
        assert ledger.consumer(held.consumer).deadline == BEGIN + 5 * SECOND
        raise ZeroDivisionError
    assert ledger.allocations(taken[0]) is None
    with ledger.holds.holding(ASK, within=5, project="p", user="u") as held:
        pass
    clock.go_on(100)
    assert ledger.allocations(held.consumer) is not None


Act = Callable[[Ledger], Any]

REMOVALS: list[Act] = [
    lambda ledger: ledger.delete_provider(HOST),
    lambda ledger: ledger.set_inventories(HOST, {}),
    lambda ledger: ledger.delete_inventory(HOST, "VCPU"),
]


@pytest.mark.parametrize("remove", REMOVALS)
def test_what_lapsed_holds_nothing_up(remove: Act, ledger: Ledger, database: Database, clock: FakeClock) -> None:
    ledger.claim(claim(ONE, 1, confirm_within=60), claim(TWO, 1, lasts=60), claim(THREE, 1, OTHER, lasts=60))
    with pytest.raises(errors.InUse):
        remove(ledger)
    clock.go_on(60)
    remove(ledger)
    assert verify(database).findings == ()


def test_time_does_not_go_back(ledger: Ledger, second: Ledger, clock: FakeClock) -> None:
    ledger.claim(claim(confirm_within=60))
    clock.go_on(60)
    second.claim(claim(TWO))
    clock.go_on(-3600)
    with pytest.raises(errors.HoldLapsed):
        ledger.holds.confirm(ONE)
    second.claim(claim(TWO, 8, lasts=10))
    assert second.consumer(TWO).end == BEGIN + 70 * SECOND


@pytest.mark.parametrize(("left_us", "confirmed"), [(1, True), (0, False)])
def test_in_one_batch_the_hold_is_confirmed_or_its_room_given_away(
    left_us: int, confirmed: bool, ledger: Ledger, clock: FakeClock
) -> None:
    ledger.claim(claim(ONE, confirm_within=60))
    clock.go_on(60 - left_us / SECOND)
    answers = [ledger.queue(each) for each in (SetAllocations(claims=(claim(TWO),)), Confirm(consumer=ONE))]
    ledger.work()
    refusals = [type(answer.exception()) for answer in answers]
    assert refusals == ([errors.CapacityExceeded, type(None)] if confirmed else [type(None), errors.HoldLapsed])
    assert all(seen(ledger, ONE if confirmed else TWO))


def test_many_are_swept_a_few_at_a_time(ledger: Ledger, second: Ledger, database: Database, clock: FakeClock) -> None:
    ledger.set_inventories(HOST, {"VCPU": Inventory(total=100)})
    consumers = [f"00000000-0000-4000-8000-000000000{number}" for number in range(200, 300)]
    ledger.claim(*(claim(consumer, 1, confirm_within=60) for consumer in consumers))
    clock.go_on(60)
    ledger.claim(claim(ONE, 100))
    swept = ledger.changes(most=100)[-2]
    assert (swept.operation, len(swept.facts.claims)) == ("Lapse", BESIDE_CLAIMS)
    for each in (ledger, second):
        assert each.usages(HOST).usages == {"VCPU": 100}
        assert [item.uuid for item in each.consumers().items] == [ONE]
        assert [item.consumer for item in each.holders(HOST).items] == [ONE]
    assert verify(database).findings == ()
    ledger.do(Lapse())
    assert [each.operation for each in ledger.changes(most=100)][-1] == "Lapse"
    assert verify(database).findings == ()
