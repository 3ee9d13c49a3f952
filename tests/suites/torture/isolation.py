"""Scripted interleavings: two or three writes at once, in every order of their steps, must end in an allowed state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from berth.ledger import Ledger, open_ledger
from berth.ledger.verify import verify
from berth.model.commands import Claim, NewInventories, SetInventories
from berth.model.inventory import Inventory
from tests.suites.torture.steps import STEPS, Stepper, orders, play

A, B = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "ab")

Action = Callable[[Ledger], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One host with 2 VCPU, and another provider without inventories."""

    host: str
    other: str
    generation: int


Outcomes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Concurrent writes. allowed: the allowed results of each, in the order of the writes."""

    name: str
    actions: Callable[[Place], Sequence[Action]]
    allowed: frozenset[Outcomes]


def _claim(place: Place, amount: int) -> Action:
    consumer = str(uuid4())

    def claim(ledger: Ledger) -> None:
        ledger.claim(Claim(consumer=consumer, allocations={place.host: {"VCPU": amount}}, project="p", user="u"))

    return claim


def _shrink(place: Place, total: int) -> Action:
    smaller = {"VCPU": Inventory(total=total)}
    command = SetInventories(uuid=place.host, inventories=smaller, generation=place.generation)
    # Not the verb: after its commit it reads what the provider has, which may have been deleted by then.
    return lambda ledger: ledger.do(command)


def _delete(place: Place) -> Action:
    return lambda ledger: ledger.delete_provider(place.host)


def _reparent(place: Place) -> Action:
    return lambda ledger: ledger.update_provider(place.host, parent=place.other)


def _reshape(place: Place) -> Action:
    """Move the inventory to the other provider."""
    moved = [
        NewInventories(uuid=place.host, inventories={}, generation=place.generation),
        NewInventories(uuid=place.other, inventories={"VCPU": Inventory(total=2)}, generation=0),
    ]
    return lambda ledger: ledger.reshape(moved)


DONE, FULL = "done", "CapacityExceeded"

SCENARIOS = (
    Scenario(
        "claim/claim",
        lambda place: (_claim(place, 2), _claim(place, 1)),
        frozenset({(DONE, FULL), (FULL, DONE)}),
    ),
    Scenario(
        "claim/inventory shrink",
        lambda place: (_claim(place, 2), _shrink(place, 1)),
        frozenset({(DONE, "GenerationConflict"), (FULL, DONE)}),
    ),
    Scenario(
        "claim/delete provider",
        lambda place: (_claim(place, 1), _delete(place)),
        frozenset({(DONE, "ProviderInUse"), ("AllocationProviderNotFound", DONE)}),
    ),
    Scenario("re-parent/claim", lambda place: (_reparent(place), _claim(place, 2)), frozenset({(DONE, DONE)})),
    Scenario(
        "reshape/claim",
        lambda place: (_reshape(place), _claim(place, 2)),
        frozenset({(DONE, "InventoryMissing"), ("GenerationConflict", DONE)}),
    ),
    Scenario(
        "claim/claim/claim",
        lambda place: (_claim(place, 1), _claim(place, 1), _claim(place, 1)),
        frozenset({(DONE, DONE, FULL), (DONE, FULL, DONE), (FULL, DONE, DONE)}),
    ),
    Scenario(
        "claim/inventory shrink/delete provider",
        lambda place: (_claim(place, 2), _shrink(place, 1), _delete(place)),
        frozenset(
            {
                (DONE, "GenerationConflict", "ProviderInUse"),
                (FULL, DONE, DONE),
                ("AllocationProviderNotFound", DONE, DONE),
                ("AllocationProviderNotFound", "ProviderNotFound", DONE),
            }
        ),
    ),
    Scenario(
        "claim/re-parent/reshape",
        lambda place: (_claim(place, 2), _reparent(place), _reshape(place)),
        frozenset({(DONE, DONE, "GenerationConflict"), ("InventoryMissing", DONE, DONE)}),
    ),
)


@contextmanager
def ledgers(url: str, count: int) -> Iterator[list[Ledger]]:
    """Open this many ledgers on one database, as this many processes have them."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_ledger(url)) for _ in range(count)]


def interleave(url: str, scenario: Scenario, most_of_three: int) -> tuple[list[str], int]:
    """Run every order of two writes, or this many orders of three. Return what was wrong, and the number of orders.

    Most orders of three are alike, since all but one of the writes wait for the head's lock: two steps of each suffice.
    """
    found: list[str] = []
    number = len(scenario.actions(Place(A, B, 0)))
    with open_ledger(url) as judge, ledgers(url, number) as taking_part:
        tried = list(orders(number, STEPS if number == 2 else 2))
        if number > 2:
            tried = tried[:: -(-len(tried) // most_of_three)]
        for order in tried:
            outcome = _played(judge, taking_part, scenario, order)
            if outcome not in scenario.allowed:
                found.append(f"{scenario.name} in the order {order}: {outcome}")
        found += [f"{scenario.name}: {finding}" for finding in verify(judge._writer.database).findings]
    return found, len(tried)


def _played(judge: Ledger, taking_part: Sequence[Ledger], scenario: Scenario, order: Sequence[int]) -> Outcomes:
    place = _place(judge)
    actions = scenario.actions(place)
    outcome = play([Stepper(ledger, action) for ledger, action in zip(taking_part, actions, strict=True)], order)
    _check_agreement([judge, *taking_part], place)
    return outcome


def _place(judge: Ledger) -> Place:
    host, other = judge.create_provider(str(uuid4())), judge.create_provider(str(uuid4()))
    return Place(host.uuid, other.uuid, judge.set_inventories(host.uuid, {"VCPU": Inventory(total=2)}).generation)


def _check_agreement(taking_part: Sequence[Ledger], place: Place) -> None:
    """Check that all processes report the same, and no more than there is."""
    told = [
        [(one.provider(uuid), one.inventories(uuid)) for one in [ledger] for uuid in _present(ledger, place)]
        for ledger in taking_part
    ]
    assert all(each == told[0] for each in told), told
    for _, inventories in told[0]:
        for stocked in inventories.inventories.values():
            assert stocked.used <= stocked.total, told[0]


def _present(ledger: Ledger, place: Place) -> list[str]:
    known = {provider.uuid for provider in ledger.providers()}
    return [uuid for uuid in (place.host, place.other) if uuid in known]
