"""Drains: which providers they are about, what claims they refuse, and how they end."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from berth.ledger.write.decide import decide
from berth.model.change import Facts
from berth.model.commands import CreateProvider, DeleteProvider, NewInventories, Reshape, SetAllocations, UpdateProvider
from berth.model.drain import Drain, DrainedProvider, DrainOutcome, Undrain
from berth.model.drain_state import DrainFact
from berth.model.errors import DrainedAbove, NothingMatches, ProviderDrained, ProviderNotFound, Refusal
from berth.model.inventory import Inventory
from berth.model.overview import ProviderFilter
from tests.unit.ledger.write.memory_ledger import (
    ABSENT,
    EMPTY,
    HOST,
    NEW,
    OLD,
    OTHER,
    POOL,
    MemoryLedger,
    claim,
    filled,
)

PART = "00000000-0000-4000-8000-0000000000b3"
BOTH = ProviderFilter(resource_class="VCPU")


@pytest.fixture
def ledger() -> MemoryLedger:
    """HOST, of which OLD holds 4 of 6 VCPU; PART, below it, with 2 VCPU; POOL and EMPTY."""
    ledger = filled()
    ledger.carry_out(CreateProvider(uuid=PART, name="part", parent=HOST))
    ledger.carry_out(Reshape(inventories=(NewInventories(uuid=PART, inventories=vcpu(2), generation=0),), claims=()))
    return ledger


def vcpu(total: int) -> dict[str, Inventory]:
    return {"VCPU": Inventory(total)}


def claims(*parts: tuple[str, dict[str, dict[str, int]]]) -> SetAllocations:
    return SetAllocations(claims=tuple(claim(consumer, held) for consumer, held in parts))


@pytest.mark.parametrize(
    ("command", "drained", "matched"),
    [
        (Drain(providers=(HOST,)), {HOST}, 1),
        (Drain(providers=(HOST, PART)), {HOST, PART}, 2),
        (Drain(where=BOTH), {HOST}, 1),
        (Drain(providers=(PART,), where=BOTH), {HOST, PART}, 2),
        (Drain(where=ProviderFilter(name="o")), {HOST, POOL}, 2),
        (Drain(providers=(HOST,), dry_run=True), set(), 1),
    ],
)
def test_a_filter_drains_what_matches_but_for_what_is_below(
    ledger: MemoryLedger, command: Drain, drained: set[str], matched: int
) -> None:
    (outcome,) = ledger.carry_out(command)
    fleet = ledger.fleet
    assert {fleet.uuids[slot] for slot in fleet.drains.by_slot} == drained
    assert (outcome.matched, outcome.changed) == (matched, matched)
    if HOST in drained or command.dry_run:
        assert outcome.held == {"VCPU": 4}


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (claims((NEW, {HOST: {"VCPU": 1}})), HOST),
        (claims((NEW, {PART: {"VCPU": 1}})), PART),
        (claims((OLD, {HOST: {"VCPU": 4, "MEMORY_MB": 10}})), HOST),
        (claims((OLD, {HOST: {"VCPU": 3}, PART: {"VCPU": 1}})), PART),
        (claims((OLD, {HOST: {"VCPU": 4}}), (NEW, {HOST: {"VCPU": 1}})), HOST),
        # As before, less, moved off, or handed to another consumer, as Nova does while it moves an instance:
        (claims((OLD, {HOST: {"VCPU": 4}})), None),
        (claims((OLD, {HOST: {"VCPU": 1}})), None),
        (claims((OLD, {POOL: {"DISK_GB": 5}})), None),
        (claims((OLD, {POOL: {"DISK_GB": 5}}), (NEW, {HOST: {"VCPU": 4}})), None),
    ],
)
def test_no_more_is_held_of_what_is_drained(ledger: MemoryLedger, command: SetAllocations, refused: str | None) -> None:
    ledger.carry_out(Drain(providers=(HOST,), why="fan"))
    draft = ledger.draft()
    if refused is None:
        decide(draft, command)
        return
    with pytest.raises(ProviderDrained, match=r"drained by .* \(fan\) and takes no new claims") as caught:
        decide(draft, command)
    assert (caught.value.provider, caught.value.reason) == (refused, "fan")
    assert draft.facts == Facts()
    ledger.carry_out(Undrain(providers=(HOST,)))
    decide(ledger.draft(), command)


def test_a_reshape_moves_what_is_held_within_a_drained_host(ledger: MemoryLedger) -> None:
    ledger.carry_out(Drain(providers=(HOST,)))
    fleet = ledger.fleet
    new = tuple(
        NewInventories(uuid=uuid, inventories=has, generation=int(fleet.generation.values[fleet.slot(uuid)]))
        for uuid, has in ((HOST, {}), (PART, vcpu(4)))
    )
    ledger.carry_out(Reshape(inventories=new, claims=(claim(OLD, {PART: {"VCPU": 4}}),)))
    with pytest.raises(ProviderDrained):
        decide(ledger.draft(), claims((OTHER, {PART: {"VCPU": 1}})))


def test_a_provider_is_drained_while_it_is_below_one_that_is(ledger: MemoryLedger) -> None:
    ledger.carry_out(Drain(providers=(EMPTY,)), UpdateProvider(uuid=POOL, parent=EMPTY))
    into_pool = claims((NEW, {POOL: {"DISK_GB": 1}}))
    with pytest.raises(ProviderDrained):
        decide(ledger.draft(), into_pool)
    ledger.carry_out(UpdateProvider(uuid=POOL, parent=None))
    decide(ledger.draft(), into_pool)
    draft = ledger.draft()
    decide(draft, CreateProvider(uuid=ABSENT, name="new", parent=EMPTY))
    decide(draft, Reshape(inventories=(NewInventories(uuid=ABSENT, inventories=vcpu(2), generation=0),), claims=()))
    with pytest.raises(ProviderDrained):
        decide(draft, claims((NEW, {ABSENT: {"VCPU": 1}})))


def test_a_drain_is_remembered_since_it_began(ledger: MemoryLedger) -> None:
    """Again is no error, and changes nothing; another reason replaces the old one, but not since when."""

    def drained(command: Drain, *, later: int) -> Any:
        draft = ledger.draft()
        draft.now, draft.actor = draft.now + later, f"user-{later}"
        outcome, facts = decide(draft, command), draft.facts
        ledger.carry_out(command) if not facts.drains else _apply(ledger, facts)
        return outcome, facts.drains, draft.before.drains

    first = DrainFact(1_000, "user-0", "fan")
    outcome, facts, before = drained(Drain(providers=(HOST,), why="fan"), later=0)
    assert outcome == DrainOutcome(1, 1, [DrainedProvider(HOST, "host")], {"VCPU": 4})
    assert (facts, before) == ({HOST: first}, {})
    for again in (Drain(providers=(HOST,)), Drain(providers=(HOST,), why="fan")):
        outcome, facts, _ = drained(again, later=5)
        assert (outcome.matched, outcome.changed, facts) == (1, 0, {})
    _, facts, before = drained(Drain(providers=(HOST,), why="disk"), later=7)
    assert (facts, before) == ({HOST: replace(first, by="user-7", why="disk")}, {HOST: first})


def _apply(ledger: MemoryLedger, facts: Facts) -> None:
    for uuid, drain in facts.drains.items():
        ledger.fleet.set_drain(ledger.fleet.slot(uuid), drain)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (Drain(providers=(HOST, ABSENT)), ProviderNotFound),
        (Undrain(providers=(ABSENT,)), ProviderNotFound),
        (Drain(where=ProviderFilter(name="nothing")), NothingMatches),
        (Undrain(where=ProviderFilter(name="nothing")), NothingMatches),
        (Undrain(providers=(PART,)), DrainedAbove),
        (Undrain(providers=(PART, POOL)), DrainedAbove),
    ],
)
def test_what_is_refused_changes_nothing(ledger: MemoryLedger, command: Drain | Undrain, error: type[Refusal]) -> None:
    ledger.carry_out(Drain(providers=(HOST,)))
    draft = ledger.draft()
    with pytest.raises(error):
        decide(draft, command)
    assert (draft.facts, draft.drains) == (Facts(), {})


def test_undrain_ends_what_was_drained_itself(ledger: MemoryLedger) -> None:
    """A part that was drained by itself stays drained; the dry run says the same and changes nothing."""
    ledger.carry_out(Drain(providers=(HOST, PART, POOL)))
    for dry_run in (True, False):
        (outcome,) = ledger.carry_out(Undrain(providers=(HOST, EMPTY), dry_run=dry_run))
        assert (outcome.matched, outcome.changed, outcome.providers) == (2, 1, [DrainedProvider(HOST, "host")])
    decide(ledger.draft(), claims((NEW, {HOST: {"VCPU": 1}})))
    with pytest.raises(ProviderDrained):
        decide(ledger.draft(), claims((NEW, {PART: {"VCPU": 1}})))
    (outcome,) = ledger.carry_out(Undrain(where=ProviderFilter(name="o")))
    assert (outcome.matched, outcome.providers) == (1, [DrainedProvider(POOL, "pool")])
    ledger.carry_out(DeleteProvider(uuid=PART))
    assert not ledger.fleet.drains.by_slot, "a deleted provider is not drained"
