"""Claims: which refusal is raised first, and what is applied. See `berth.ledger.write.decide.allocations`."""

from __future__ import annotations

import pytest

from berth.ledger.write.decide import decide
from berth.model.change import Facts, NameKind
from berth.model.commands import Claim, ReleaseAllocations, SetAllocations, SetInventories
from berth.model.consumer import Owner
from berth.model.errors import (
    AllocationProviderNotFound,
    AllocationsNotFound,
    CapacityExceeded,
    ClassNotFound,
    ConsumerGenerationConflict,
    InventoryMissing,
    Refusal,
    UnitsViolated,
)
from berth.model.inventory import Inventory
from tests.unit.ledger.write.memory_ledger import ABSENT, EMPTY, HOST, NEW, OLD, OTHER, POOL, claim, filled

ONE = {"VCPU": 1}
REFUSED: dict[str, tuple[tuple[Claim, ...], type[Refusal]]] = {
    "a new consumer with a generation": ((claim(NEW, {HOST: ONE}, generation=1),), ConsumerGenerationConflict),
    "a consumer that is not new": ((claim(OLD, {HOST: ONE}, generation=None),), ConsumerGenerationConflict),
    "a stale generation": ((claim(OLD, {HOST: ONE}, generation=2),), ConsumerGenerationConflict),
    "no such provider": ((claim(NEW, {ABSENT: ONE}),), AllocationProviderNotFound),
    "no such class": ((claim(NEW, {HOST: {"CUSTOM_X": 1}}),), ClassNotFound),
    "nothing of any class": ((claim(NEW, {EMPTY: ONE}),), InventoryMissing),
    "nothing of one class": ((claim(NEW, {HOST: ONE | {"DISK_GB": 1}}),), InventoryMissing),
    "above max_unit": ((claim(NEW, {HOST: {"VCPU": 5}}),), UnitsViolated),
    "below min_unit": ((claim(NEW, {HOST: {"MEMORY_MB": 0}}),), UnitsViolated),
    "no multiple of step_size": ((claim(NEW, {HOST: {"MEMORY_MB": 25}}),), UnitsViolated),
    "more than is left": ((claim(NEW, {HOST: {"VCPU": 3}}),), CapacityExceeded),
    "more than is left, in two claims": (
        (claim(NEW, {HOST: {"VCPU": 1}}), claim(OTHER, {HOST: {"VCPU": 2}})),
        CapacityExceeded,
    ),
    "the last generation before the first provider": (
        (claim(NEW, {ABSENT: ONE}), claim(OTHER, {HOST: ONE}, generation=1)),
        ConsumerGenerationConflict,
    ),
    "the last provider before the first class": (
        (claim(NEW, {HOST: {"CUSTOM_X": 1}}), claim(OTHER, {ABSENT: ONE})),
        AllocationProviderNotFound,
    ),
    "the last class before the first inventory": (
        (claim(NEW, {EMPTY: ONE}), claim(OTHER, {HOST: {"CUSTOM_X": 1}})),
        ClassNotFound,
    ),
    "the last inventory before the first amount": (
        (claim(NEW, {HOST: {"VCPU": 5}}), claim(OTHER, {EMPTY: ONE})),
        InventoryMissing,
    ),
    "the first amount before the second": (
        (claim(NEW, {HOST: {"VCPU": 3}}), claim(OTHER, {HOST: {"MEMORY_MB": 25}})),
        CapacityExceeded,
    ),
    "units before capacity": ((claim(NEW, {HOST: {"VCPU": 100}}),), UnitsViolated),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_first_reason_is_raised_and_nothing_is_changed(name: str) -> None:
    claims, kind = REFUSED[name]
    draft = filled().draft()
    with pytest.raises(Refusal) as raised:
        decide(draft, SetAllocations(claims=claims))
    assert type(raised.value) is kind
    assert draft.pop_facts() == (Facts(), Facts())


def test_a_missing_inventory_names_all_classes_of_the_command() -> None:
    claims = (claim(NEW, {EMPTY: {"VCPU": 1}}), claim(OTHER, {POOL: {"DISK_GB": 1}}))
    with pytest.raises(InventoryMissing, match=f"Inventory for 'VCPU, DISK_GB' on resource provider '{EMPTY}'"):
        decide(filled().draft(), SetAllocations(claims=claims))


GRANTED: dict[str, tuple[tuple[Claim, ...], dict[str, dict[str, int]]]] = {
    "all that is left": ((claim(NEW, {HOST: {"VCPU": 2}}),), {HOST: {"VCPU": 6}}),
    "its own amount counts as free": ((claim(OLD, {HOST: {"VCPU": 3}}, generation=1),), {HOST: {"VCPU": 3}}),
    "what another claim of the command frees": (
        (claim(NEW, {HOST: {"VCPU": 4}}), claim(OLD, {})),
        {HOST: {"VCPU": 4}},
    ),
    "a move": ((claim(OLD, {POOL: {"DISK_GB": 5}}),), {HOST: {"VCPU": 0}, POOL: {"DISK_GB": 5}}),
    "two on one provider": (
        (claim(NEW, {HOST: {"VCPU": 1, "MEMORY_MB": 10}}), claim(OTHER, {HOST: {"MEMORY_MB": 90}})),
        {HOST: {"VCPU": 5, "MEMORY_MB": 100}},
    ),
    "nothing, for one that holds nothing": ((claim(NEW, {}),), {}),
}


@pytest.mark.parametrize("name", GRANTED)
def test_what_is_held_afterwards(name: str) -> None:
    claims, used = GRANTED[name]
    ledger = filled()
    draft = ledger.draft()
    decide(draft, SetAllocations(claims=claims))
    facts, _ = draft.pop_facts()
    assert facts.used == used
    written = {each.consumer: each.allocations for each in claims if each.allocations or each.consumer == OLD}
    assert facts.claims == written


@pytest.mark.parametrize(
    ("allocations", "touched"),
    [({HOST: {"VCPU": 1}}, {HOST: 3}), ({POOL: {"DISK_GB": 1}}, {POOL: 2}), ({}, {HOST: 3})],
)
def test_whose_generation_rises(allocations: dict[str, dict[str, int]], touched: dict[str, int]) -> None:
    """Each provider of the claim's; those that are left only if the claim is empty (as Placement does)."""
    draft = filled().draft()
    decide(draft, SetAllocations(claims=(claim(OLD, allocations),)))
    assert draft.pop_facts()[0].generations == touched


@pytest.mark.parametrize(("amount", "granted"), [(4, True), (3, True), (1, True)])
def test_an_overage_may_shrink(amount: int, granted: bool) -> None:
    ledger = filled()
    ledger.carry_out(SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=2)}))
    ledger.carry_out(SetAllocations(claims=(claim(OLD, {HOST: {"VCPU": amount}}),)))
    assert (ledger.consumers[OLD].held == {HOST: {"VCPU": amount}}) is granted


@pytest.mark.parametrize(
    ("claims", "granted"),
    [
        ((claim(OLD, {HOST: {"VCPU": 4}}),), True),  # the same
        ((claim(OLD, {HOST: {"VCPU": 3}}),), True),  # less, though still too much for one claim
        ((claim(OLD, {}), claim(NEW, {HOST: {"VCPU": 4}})), True),  # handed over
        ((claim(OLD, {HOST: {"VCPU": 1}}), claim(NEW, {HOST: {"VCPU": 3}})), True),  # in parts
        ((claim(OLD, {HOST: {"VCPU": 5}}),), False),
        ((claim(NEW, {HOST: {"VCPU": 3}}),), False),
        ((claim(OLD, {HOST: {"VCPU": 4}}), claim(NEW, {HOST: {"VCPU": 5}})), False),
    ],
)
def test_units_bind_what_changes_and_not_what_is_held(claims: tuple[Claim, ...], granted: bool) -> None:
    ledger = filled()
    ledger.carry_out(SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=8, max_unit=2)}))
    if granted:
        ledger.carry_out(SetAllocations(claims=claims))
        return
    with pytest.raises(UnitsViolated) as refused:
        ledger.carry_out(SetAllocations(claims=claims))
    assert (refused.value.rule, refused.value.value) == ("max_unit", 2)


def test_what_keeps_to_the_units_is_not_lessened_to_what_does_not() -> None:
    ledger = filled()
    ledger.carry_out(SetAllocations(claims=(claim(OLD, {HOST: {"MEMORY_MB": 30}}),)))
    with pytest.raises(UnitsViolated):
        ledger.carry_out(SetAllocations(claims=(claim(OLD, {HOST: {"MEMORY_MB": 25}}),)))


def test_an_overage_may_not_grow() -> None:
    ledger = filled()
    ledger.carry_out(SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=2)}))
    for claims in ((claim(OLD, {HOST: {"VCPU": 5}}),), (claim(NEW, {HOST: {"VCPU": 1}}),)):
        with pytest.raises(CapacityExceeded):
            ledger.carry_out(SetAllocations(claims=claims))


def test_a_consumer_that_ended_is_new_again() -> None:
    ledger = filled()
    draft = ledger.draft()
    decide(draft, ReleaseAllocations(consumer=OLD))
    decide(draft, SetAllocations(claims=(claim(OLD, {HOST: {"VCPU": 2}}, generation=None, type="T"),)))
    consumer = draft.consumer(OLD)
    assert consumer is not None
    assert (consumer.generation, consumer.type_id) == (1, draft.id_of(NameKind.TYPE, "T"))
    assert consumer.held == {HOST: {"VCPU": 2}}


def test_a_release_frees_everything_and_touches_no_provider() -> None:
    draft = filled().draft()
    decide(draft, ReleaseAllocations(consumer=OLD))
    facts, before = draft.pop_facts()
    assert facts == Facts(used={HOST: {"VCPU": 0}}, claims={OLD: {}}, owners={OLD: Owner("p", "u", None)})
    assert before == Facts(claims={OLD: {HOST: {"VCPU": 4}}})


def test_a_release_of_nothing_is_refused() -> None:
    with pytest.raises(AllocationsNotFound):
        decide(filled().draft(), ReleaseAllocations(consumer=NEW))
