"""Reshaping: inventories and claims are replaced together, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from berth.ledger.write.decide import decide
from berth.model.change import Facts
from berth.model.commands import Claim, CreateProvider, NewInventories, Reshape
from berth.model.consumer import Owner
from berth.model.errors import (
    CapacityExceeded,
    ClassNotFound,
    GenerationConflict,
    InventoryInUse,
    Refusal,
    ReshapedProviderNotFound,
)
from berth.model.inventory import Inventory
from tests.unit.ledger.write.memory_ledger import ABSENT, EMPTY, HOST, NEW, OLD, MemoryLedger, claim, filled

CHILD = "00000000-0000-4000-8000-0000000000cc"
EIGHT = {"VCPU": Inventory(total=8)}


@pytest.fixture
def ledger() -> MemoryLedger:
    ledger = filled()
    ledger.carry_out(CreateProvider(uuid=CHILD, name="child", parent=HOST))
    return ledger


def _new(uuid: str, inventories: dict[str, Inventory], generation: int) -> NewInventories:
    return NewInventories(uuid=uuid, inventories=inventories, generation=generation)


def test_inventories_move_with_what_is_held_of_them(ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    moved = (_new(HOST, {}, 2), _new(CHILD, EIGHT, 0))
    decide(draft, Reshape(inventories=moved, claims=(claim(OLD, {CHILD: {"VCPU": 4}}, generation=1),)))
    facts, before = draft.pop_facts()
    assert facts == Facts(
        inventories={HOST: {}, CHILD: EIGHT},
        used={HOST: {"VCPU": 0}, CHILD: {"VCPU": 4}},
        generations={HOST: 3, CHILD: 3},
        claims={OLD: {CHILD: {"VCPU": 4}}},
        owners={OLD: Owner("p", "u", None)},
    )
    assert set(before.inventories) == {HOST}


REFUSED: dict[str, tuple[tuple[NewInventories, ...], tuple[Claim, ...], type[Refusal]]] = {
    "no such provider": ((_new(ABSENT, {}, 0),), (), ReshapedProviderNotFound),
    "a stale generation": ((_new(HOST, {}, 1),), (), GenerationConflict),
    "the first provider's generation before the second provider": (
        (_new(HOST, {}, 1), _new(ABSENT, {}, 0)),
        (),
        GenerationConflict,
    ),
    "no such class": ((_new(EMPTY, {"CUSTOM_X": Inventory(total=1)}, 0),), (), ClassNotFound),
    "something is still held": ((_new(HOST, {}, 2),), (), InventoryInUse),
    "a claim beyond the new inventory": (
        (_new(CHILD, {"VCPU": Inventory(total=3)}, 0),),
        (claim(OLD, {CHILD: {"VCPU": 4}}),),
        CapacityExceeded,
    ),
    "a claim of an inventory that goes": (
        (_new(HOST, EIGHT, 2),),
        (claim(NEW, {HOST: {"MEMORY_MB": 10}}),),
        InventoryInUse,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_one_changes_nothing(name: str, ledger: MemoryLedger) -> None:
    inventories, claims, kind = REFUSED[name]
    draft = ledger.draft()
    with pytest.raises(Refusal) as raised:
        decide(draft, Reshape(inventories=inventories, claims=claims))
    assert type(raised.value) is kind
    assert draft.pop_facts() == (Facts(), Facts())


@pytest.mark.parametrize(
    ("inventories", "claims", "generation"),
    [
        (EIGHT, (), 4),
        (EIGHT, (claim(OLD, {HOST: {"VCPU": 1}}),), 5),
        ({}, (claim(OLD, {}),), 4),
    ],
)
def test_how_far_a_generation_rises(
    inventories: dict[str, Inventory], claims: tuple[Any, ...], generation: int, ledger: MemoryLedger
) -> None:
    """By two with inventories, by one without, and by one more for claims (Placement 1.30)."""
    draft = ledger.draft()
    decide(draft, Reshape(inventories=(_new(HOST, inventories, 2),), claims=claims))
    assert draft.provider(HOST).generation == generation
