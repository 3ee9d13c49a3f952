"""How claims with a term are shown, found and missed: on a clock that the test sets, never swept unless it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from berth.ledger import Ledger
from berth.ledger.queries import ending_consumers
from berth.model import errors
from berth.model.claim_life import ClaimState
from berth.model.commands import Claim, Confirm, Lapse, SetAllocations
from berth.model.consumer import ConsumerItem, ConsumerOrder, ConsumerQuery
from berth.model.ended_consumer import ClaimEnd, EndReason
from berth.model.inventory import Inventory
from berth.model.reconciliation import ReconcileRequest
from berth.model.term import SECOND, Term
from berth.store import consumers as stored
from berth.store.engine import Database
from tests.support.hold_ledger import BEGIN, FakeClock, timed_ledger

HOST, OTHER = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "12")
EVER, HOLD, DAYS, BOTH, SHORT = (f"00000000-0000-4000-8000-0000000000a{digit}" for digit in "35142")
DAY = 24 * 3600
PENDING, CONFIRMED = ClaimState.PENDING, ClaimState.CONFIRMED

TERMS: dict[str, dict[str, int]] = {
    EVER: {},
    HOLD: {"confirm_within": 60},
    DAYS: {"lasts": 2 * DAY},
    BOTH: {"confirm_within": 600, "lasts": DAY},
    SHORT: {"confirm_within": 600, "lasts": 90},
}


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def ledger(ledger_url: str, clock: FakeClock) -> Iterator[Ledger]:
    """Return a ledger with two hosts, and consumers whose claims end in each of the ways."""
    database = Database(ledger_url)
    ledger = timed_ledger(database, clock)
    for uuid, name in ((HOST, "host"), (OTHER, "other")):
        ledger.create_provider(name, uuid=uuid)
        ledger.set_inventories(uuid, {"VCPU": Inventory(total=100)})
    for number, (consumer, term) in enumerate(TERMS.items(), 1):
        ledger.claim(claim(consumer, number, project="even" if number % 2 == 0 else "odd", **term))
    yield ledger
    database.close()


def claim(consumer: str, amount: int, project: str = "odd", **term: int) -> Claim:
    """Return a claim of both hosts' VCPU."""
    given: dict[str, Any] = {"term": Term(**term)} if term else {}
    held = {HOST: {"VCPU": amount}, OTHER: {"VCPU": 1}}
    return Claim(consumer=consumer, allocations=held, project=project, user="u", **given)


LIFE: dict[str, tuple[ClaimState, int | None, int | None, int | None]] = {
    EVER: (CONFIRMED, None, None, None),
    HOLD: (PENDING, None, 60, 60),
    DAYS: (CONFIRMED, 2 * DAY, None, 2 * DAY),
    BOTH: (PENDING, DAY, 600, 600),
    SHORT: (PENDING, 90, 600, 90),
}
"""State, end, deadline and what is left, in seconds from the beginning."""


def test_every_way_of_reading_says_how_long_a_claim_counts(ledger: Ledger, clock: FakeClock) -> None:
    clock.go_on(10.25)
    listed = {each.uuid: each for each in ledger.consumers().items}
    of_host = {each.consumer: each for each in ledger.holders(HOST).items}
    for consumer, (state, end, deadline, left) in LIFE.items():
        for each in (ledger.consumer(consumer), listed[consumer], of_host[consumer]):
            assert each.state is state
            assert each.start == (None if left is None else BEGIN)
            assert each.end == (None if end is None else BEGIN + end * SECOND)
            assert each.deadline == (None if deadline is None else BEGIN + deadline * SECOND)
            assert each.expires_in == (None if left is None else left - 10)  # rounded up
    clock.go_on(59.999999 - 10.25)
    assert ledger.consumer(HOLD).expires_in == 1
    ledger.holds.confirm(HOLD)
    assert (ledger.consumer(HOLD).state, ledger.consumer(HOLD).expires_in) == (CONFIRMED, None)


def pages(ledger: Ledger, query: ConsumerQuery, limit: int) -> list[str]:
    """Return the uuids of all pages."""
    found, after = list[str](), None
    while True:
        page = ledger.consumers(query, limit=limit, after=after)
        found += [each.uuid for each in page.items]
        if page.next is None:
            return found
        after = page.next


def matches(item: ConsumerItem, query: ConsumerQuery) -> bool:
    """Whether a consumer is one that a query asks for: the slow way."""
    state = query.state in (None, item.state)
    due = query.due is None or (item.expires_in is not None and item.expires_in <= query.due)
    return state and due and query.project in ("", item.project)


QUERIES = [
    ConsumerQuery(state=state, due=due, project=project, order=order, resource_class="VCPU", provider=provider)
    for state, due, (project, provider), order in product(
        (None, PENDING, CONFIRMED), (None, 0, 30, 600), (("", ""), ("even", HOST)), ConsumerOrder
    )
    if not (state is due is None)
]


@pytest.mark.parametrize("most", [ending_consumers.MOST_LOOKED_UP, 0], ids=["by memory", "by rows"])
def test_lists_of_what_is_pending_or_ends_soon(
    most: int, ledger: Ledger, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each query finds what a filter of all consumers does, in the same order. One hold has lapsed, and is in rows."""
    monkeypatch.setattr(ending_consumers, "MOST_LOOKED_UP", most)
    clock.go_on(60)
    for query in QUERIES:
        every = replace(query, state=None, due=None, project="")
        expected = [each.uuid for each in ledger.consumers(every).items if matches(each, query)]
        assert HOLD not in expected
        assert pages(ledger, query, 2) == expected, query


@pytest.mark.parametrize(
    "query",
    [
        ConsumerQuery(state=ClaimState.AHEAD),
        ConsumerQuery(state=ClaimState.OVERDUE, order=ConsumerOrder.LARGEST, resource_class="VCPU"),
        ConsumerQuery(due=-1),
        ConsumerQuery(due=2**63),
    ],
    ids=repr,
)
def test_what_no_claim_can_be_is_refused(query: ConsumerQuery, ledger: Ledger) -> None:
    with pytest.raises(errors.Invalid):
        ledger.consumers(query)


ASK: list[Callable[[Ledger, str], object]] = [
    lambda ledger, consumer: ledger.consumer(consumer),
    lambda ledger, consumer: ledger.release(consumer),
]


def missed(ledger: Ledger, consumer: str, *also: Callable[[Ledger, str], object]) -> ClaimEnd | None:
    """Return what those learn who look for a consumer that holds nothing: all the same."""
    head, told = ledger.head(), list[ClaimEnd | None]()
    for ask in (*ASK, *also):
        with pytest.raises(errors.AllocationsNotFound) as refused:
            ask(ledger, consumer)
        told.append(refused.value.ended)
        assert (refused.value.ended is None) == str(refused.value).endswith(f"'{consumer}'")
    assert ledger.head() <= head + 1  # at most what lapsed was swept
    assert told == [told[0]] * len(told)
    return told[0]


@pytest.mark.parametrize("swept", [False, True])
def test_who_comes_too_late_learns_why_and_when_it_ended(swept: bool, ledger: Ledger, clock: FakeClock) -> None:
    clock.go_on(3 * DAY)
    if swept:
        ledger.do(Lapse())
    for consumer, why, at in (
        (HOLD, EndReason.LAPSED, 60),
        (SHORT, EndReason.ENDED, 90),
        (DAYS, EndReason.ENDED, 2 * DAY),
    ):
        assert missed(ledger, consumer) == ClaimEnd(why=why, at=BEGIN + at * SECOND)
    assert "its hold lapsed at 2030-" in str(errors.AllocationsNotFound(HOLD, missed(ledger, HOLD)))
    assert missed(ledger, DAYS, lambda it, uuid: it.do(Confirm(consumer=uuid))) is not None
    clock.go_on(7 * DAY)  # with the next change that ends something, what is older than a week is forgotten
    ledger.claim(claim(HOLD, 1, confirm_within=1), claim(OTHER, 1, confirm_within=1))
    clock.go_on(1)
    ledger.do(Lapse())
    assert missed(ledger, SHORT) is None


def test_what_its_owner_released_says_nothing_and_what_was_reconciled_does(ledger: Ledger) -> None:
    ledger.release(EVER)
    assert missed(ledger, EVER) is None
    assert missed(ledger, "00000000-0000-4000-8000-0000000000ff") is None
    request = ReconcileRequest(trees=(HOST, OTHER), alive={EVER: None}, as_of=ledger.head())
    ledger.reconcile(replace(request, dry_run=False, expect=ledger.reconcile(request).digest))
    assert missed(ledger, DAYS) == ClaimEnd(why=EndReason.RECONCILED, at=BEGIN)


def test_the_longest_hold_is_a_setting(ledger: Ledger, clock: FakeClock) -> None:
    database = ledger._writer.database
    short = Ledger(database, ledger.caller, longest_hold_s=90, clock=clock)
    before = short.head()
    for refused in (
        lambda: short.claim(claim(OTHER, 1, confirm_within=91)),
        lambda: short.holds.extend(HOLD, 91),
        lambda: short.do(SetAllocations(claims=(claim(OTHER, 1, confirm_within=2**40),))),
    ):
        with pytest.raises(errors.HoldTooLong) as told:
            refused()
        assert told.value.longest == 90
    assert short.head() == before
    assert short.holds.extend(HOLD, 90) == BEGIN + 90 * SECOND


CONFIRMED_AS: dict[str, tuple[dict[str, int], dict[str, Any]]] = {
    "for ever": ({}, {}),
    "with an end": ({"lasts": 600}, {}),
    "another end": ({"lasts": 600}, {"end": BEGIN + 900 * SECOND}),
    "no end any more": ({"lasts": 600}, {"end": None}),
    "in part": ({}, {"allocations": {HOST: {"VCPU": 2}}}),
}


@pytest.mark.parametrize("case", CONFIRMED_AS)
def test_a_confirmed_hold_is_what_one_claim_would_be(case: str, ledger: Ledger, clock: FakeClock) -> None:
    """The same rows and facts, but for numbers and times; and once it is released, the usages of before."""
    term, how = CONFIRMED_AS[case]
    held = {HOST: {"VCPU": 3}, OTHER: {"VCPU": 1}}
    consumer = "00000000-0000-4000-8000-0000000000b1"
    whole = Claim(consumer=consumer, allocations=held, project="p", user="u", type="JOB")
    empty = _usages(ledger)
    ledger.claim(replace(whole, term=Term(confirm_within=60, **term)))
    clock.go_on(1)
    ledger.holds.extend(consumer, 90)
    ledger.holds.confirm(consumer, **how)
    confirmed = _all_of(ledger, consumer)
    ledger.release(consumer)
    assert _usages(ledger) == empty
    end = how.get("end", BEGIN + 600 * SECOND if term else None)
    once = replace(whole, allocations=how.get("allocations", held))
    ledger.claim(once if end is None else replace(once, term=Term(end=end)))
    assert _all_of(ledger, consumer) == confirmed
    ledger.release(consumer)
    assert _usages(ledger) == empty


def _usages(ledger: Ledger) -> list[dict[str, int]]:
    return [ledger.usages(uuid).usages for uuid in (HOST, OTHER)]


def _all_of(ledger: Ledger, consumer: str) -> list[object]:
    """Return what rows, the last change and the fleet in memory say of a consumer, without numbers and times."""
    with ledger._writer.database.reading() as connection:
        (row,) = stored.by_uuid(connection, [consumer])
        amounts = {(each.provider, each.class_id): each.amount for each in stored.held_by(connection, [row.id])}
    numbers = {"id": 0, "generation": 0, "updated_at": 0, "start": None if row.start is None else 0}
    facts, ending = ledger.changes(most=100)[-1].facts, ledger._writer.fleet.lapses.ahead.get(consumer)
    span = facts.terms.get(consumer)
    term = None if span is None else (span.end, span.deadline, span.replaces)
    touched = {uuid for uuid, resources in facts.claims[consumer].items() if resources}
    used = {uuid: facts.used.get(uuid, ledger.usages(uuid).usages) for uuid in touched}
    return [row._replace(**numbers), amounts, facts.claims, facts.owners, term, used, _usages(ledger), ending]
