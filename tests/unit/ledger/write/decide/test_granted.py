"""A claim that is sent again without a key: the consumer's grant is the answer, if it is exactly what is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from berth.fleet.find.budget import Budget
from berth.ledger.write.decide import decide
from berth.ledger.write.decide.allocate import LockedSearch, allocate
from berth.ledger.write.draft import Draft
from berth.model.candidate import Grant
from berth.model.change import Facts
from berth.model.commands import Allocate, Claim, CreateProvider, SetAllocations, SetInventories
from berth.model.errors import ConsumerGenerationConflict
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.unit.ledger.write.memory_ledger import NEW, MemoryLedger

ROOT, *CARDS = (f"00000000-0000-4000-8000-0000000000d{number}" for number in range(5))


def group(suffix: str = "", **amounts: int) -> Group:
    return Group(resources=amounts, suffix=suffix)


def request(*groups: Group, **more: Any) -> CandidateRequest:
    return CandidateRequest(groups=groups, **more)


REQUESTS = {
    "one provider": request(group(VCPU=2, MEMORY_MB=64)),
    "several classes, several providers": request(group(VCPU=1, DISK_GB=1)),
    "a group of one provider": request(group("_1", DISK_GB=2)),
    "equal groups apart": request(group("_1", DISK_GB=1), group("_2", DISK_GB=1), isolate=True),
    "equal groups together": request(group("_1", DISK_GB=1), group("_2", DISK_GB=1), group("_3", DISK_GB=1)),
    "the large group is named last": request(group("_1", DISK_GB=1), group("_2", DISK_GB=3), isolate=True),
    "both kinds": request(group(VCPU=1, DISK_GB=2), group("_1", DISK_GB=2), group("_2", DISK_GB=1)),
}


@pytest.fixture
def ledger() -> MemoryLedger:
    """A host with four cards of 4 GB each."""
    ledger = MemoryLedger()
    ledger.carry_out(CreateProvider(uuid=ROOT, name="root"))
    stock = {"VCPU": Inventory(total=8), "MEMORY_MB": Inventory(total=128)}
    ledger.carry_out(SetInventories(uuid=ROOT, inventories=stock))
    for card in CARDS:
        ledger.carry_out(CreateProvider(uuid=card, name=card, parent=ROOT))
        ledger.carry_out(SetInventories(uuid=card, inventories={"DISK_GB": Inventory(total=4)}))
    return ledger


def command(asked: CandidateRequest, **more: Any) -> Allocate:
    return replace(Allocate(request=asked, consumer=NEW, project="p", user="u", type="JOB"), **more)


def claimed(draft: Draft, given: Allocate) -> Grant:
    return allocate(draft, given, None, LockedSearch(draft, Budget()))


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
def test_the_grant_again(asked: CandidateRequest, ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    first = claimed(draft, command(asked))
    draft.pop_facts()
    again = claimed(draft, command(asked))
    assert (again.consumer, again.generation, again.allocations) == (NEW, 1, first.allocations)
    assert _serves(asked, again)
    assert draft.pop_facts() == (Facts(), Facts())
    for other in REQUESTS.values():
        if other is not asked and not _holds_as_much(asked, other):
            with pytest.raises(ConsumerGenerationConflict):
                claimed(draft, command(other))


def _serves(asked: CandidateRequest, grant: Grant) -> bool:
    """Whether the groups that one provider serves can have it from there, as a sum over the providers."""
    left = {uuid: dict(resources) for uuid, resources in grant.allocations.items()}
    for each in asked.groups:
        places = grant.mappings[each.suffix]
        for name, amount in each.resources.items():
            (place,) = [uuid for uuid in places if left[uuid].get(name, 0) >= amount][:1]
            left[place][name] -= amount
    apart = [grant.mappings[each.suffix][0] for each in asked.groups if each.suffix]
    return not any(filter(None, (n for held in left.values() for n in held.values()))) and (
        not asked.isolate or len(set(apart)) == len(apart)
    )


def _holds_as_much(one: CandidateRequest, other: CandidateRequest) -> bool:
    """Whether what was claimed by one request may be what another asks for."""
    totals = []
    for asked in (one, other):
        total: dict[str, int] = {}
        for each in asked.groups:
            for name, amount in each.resources.items():
                total[name] = total.get(name, 0) + amount
        totals.append(total)
    return totals[0] == totals[1]


@pytest.mark.parametrize(
    "other",
    [
        command(REQUESTS["a group of one provider"], project="q"),
        command(REQUESTS["a group of one provider"], user="v"),
        command(REQUESTS["a group of one provider"], type=None),
        command(request(group("_1", DISK_GB=1))),
        command(request(group("_1", DISK_GB=2), group("_2", VCPU=1))),
        command(request(group("_1", DISK_GB=1), group("_2", DISK_GB=1), isolate=True)),
        command(request(group("_1", DISK_GB=2), Group(suffix="_2"), same_subtrees=(frozenset({"_1", "_2"}),))),
    ],
)
def test_anything_else_is_a_conflict(other: Allocate, ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    claimed(draft, command(REQUESTS["a group of one provider"]))
    draft.pop_facts()
    with pytest.raises(ConsumerGenerationConflict):
        claimed(draft, other)
    assert draft.pop_facts() == (Facts(), Facts())


def test_a_consumer_that_was_changed_since_is_a_conflict(ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    given = command(REQUESTS["one provider"])
    grant = claimed(draft, given)
    same = Claim(consumer=NEW, allocations=grant.allocations, project="p", user="u", generation=1)
    decide(draft, SetAllocations(claims=(same,)))
    with pytest.raises(ConsumerGenerationConflict):
        claimed(draft, given)


def test_the_search_for_groups_has_a_bound(ledger: MemoryLedger) -> None:
    """Sixty groups whose places must be found among four, and none of the choices is right."""
    draft = ledger.draft()
    consumer = draft.add_consumer(NEW)
    draft.set_owner(consumer, "p", "u", draft.type_id("JOB"))
    consumer.generation = 1
    draft.hold(consumer, {card: {"DISK_GB": amount} for card, amount in zip(CARDS, (31, 29, 31, 29), strict=True)})
    groups = [group(f"_{number}", DISK_GB=2) for number in range(60)]
    with pytest.raises(ConsumerGenerationConflict):
        claimed(draft, command(request(*groups)))
