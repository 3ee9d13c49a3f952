"""Inventories: what is refused, and what is changed."""

from __future__ import annotations

import pytest

from berth.ledger.write.decide import decide
from berth.model.change import Facts
from berth.model.commands import (
    AddInventory,
    Command,
    DeleteInventory,
    NewInventories,
    Reshape,
    SetInventories,
    UpdateInventory,
)
from berth.model.errors import (
    ClassNotFound,
    GenerationConflict,
    InventoryExists,
    InventoryInUse,
    InventoryNotFound,
    ProviderNotFound,
    Refusal,
    ReservedExceedsTotal,
    UnitsContradict,
)
from berth.model.inventory import Inventory
from tests.unit.ledger.write.memory_ledger import ABSENT, HOST, POOL, filled

TEN = Inventory(total=10)
FULL = Inventory(total=10, reserved=10)
OVER = Inventory(total=10, reserved=11)
NEVER = Inventory(total=10, min_unit=3, max_unit=2)


def _reshape(inventory: Inventory) -> Reshape:
    new = NewInventories(uuid=HOST, inventories={"VCPU": inventory, "MEMORY_MB": TEN}, generation=2)
    return Reshape(inventories=(new,), claims=())


REFUSED: dict[str, tuple[Command, type[Refusal]]] = {
    "no such provider": (SetInventories(uuid=ABSENT, inventories={}), ProviderNotFound),
    "replace: stale": (SetInventories(uuid=HOST, inventories={"VCPU": OVER}, generation=0), GenerationConflict),
    "replace: no such class": (SetInventories(uuid=HOST, inventories={"CUSTOM_X": TEN}), ClassNotFound),
    "replace: reserved before class": (
        SetInventories(uuid=HOST, inventories={"CUSTOM_X": TEN, "VCPU": OVER}),
        ReservedExceedsTotal,
    ),
    "replace: reserved equals total, before 1.26": (
        SetInventories(uuid=HOST, inventories={"VCPU": FULL}, reserved_may_equal_total=False),
        ReservedExceedsTotal,
    ),
    "replace: more reserved than there is, though it rounds to nothing": (
        SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=10, reserved=11, allocation_ratio=0.05)}),
        ReservedExceedsTotal,
    ),
    "replace: min_unit above max_unit": (SetInventories(uuid=HOST, inventories={"VCPU": NEVER}), UnitsContradict),
    "add: min_unit above max_unit": (
        AddInventory(uuid=HOST, resource_class="DISK_GB", inventory=NEVER),
        UnitsContradict,
    ),
    "update: min_unit above max_unit": (
        UpdateInventory(uuid=HOST, resource_class="VCPU", inventory=NEVER),
        UnitsContradict,
    ),
    "reshape: more reserved than there is": (_reshape(OVER), ReservedExceedsTotal),
    "reshape: min_unit above max_unit": (_reshape(NEVER), UnitsContradict),
    "replace: held": (SetInventories(uuid=HOST, inventories={"MEMORY_MB": TEN}), InventoryInUse),
    "add: one more of a class": (AddInventory(uuid=HOST, resource_class="VCPU", inventory=TEN), InventoryExists),
    "add: no such class": (AddInventory(uuid=HOST, resource_class="CUSTOM_X", inventory=TEN), ClassNotFound),
    "update: stale": (
        UpdateInventory(uuid=HOST, resource_class="VCPU", inventory=TEN, generation=7),
        GenerationConflict,
    ),
    "update: none": (UpdateInventory(uuid=HOST, resource_class="DISK_GB", inventory=TEN), InventoryNotFound),
    "delete: none": (DeleteInventory(uuid=HOST, resource_class="DISK_GB"), InventoryNotFound),
    "delete: no such class": (DeleteInventory(uuid=HOST, resource_class="CUSTOM_X"), ClassNotFound),
    "delete: held": (DeleteInventory(uuid=HOST, resource_class="VCPU"), InventoryInUse),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_command_changes_nothing(name: str) -> None:
    command, kind = REFUSED[name]
    draft = filled().draft()
    with pytest.raises(Refusal) as raised:
        decide(draft, command)
    assert type(raised.value) is kind
    assert draft.pop_facts() == (Facts(), Facts())


CHANGED: dict[str, tuple[Command, set[str]]] = {
    "replace, below what is held": (SetInventories(uuid=HOST, inventories={"VCPU": Inventory(total=1)}), {"VCPU"}),
    "replace, reserved equals total": (SetInventories(uuid=HOST, inventories={"VCPU": FULL}), {"VCPU"}),
    "add": (AddInventory(uuid=HOST, resource_class="DISK_GB", inventory=TEN), {"VCPU", "MEMORY_MB", "DISK_GB"}),
    "update": (UpdateInventory(uuid=HOST, resource_class="VCPU", inventory=TEN), {"VCPU", "MEMORY_MB"}),
    "delete": (DeleteInventory(uuid=HOST, resource_class="MEMORY_MB"), {"VCPU"}),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_provider_has_afterwards(name: str) -> None:
    """Each raises the provider's generation by one and returns it."""
    command, classes = CHANGED[name]
    draft = filled().draft()
    assert decide(draft, command) == 3
    facts, before = draft.pop_facts()
    assert set(facts.inventories[HOST]) == classes
    assert facts.generations == {HOST: 3}
    assert set(before.inventories[HOST]) == {"VCPU", "MEMORY_MB"}


def test_classes_in_use_are_named_in_placements_order() -> None:
    ledger = filled()
    draft = ledger.draft()
    pool = draft.provider(POOL)
    draft.set_inventories(pool, {"DISK_GB": TEN, "MEMORY_MB": TEN, "VCPU": TEN})
    for name in ("DISK_GB", "MEMORY_MB", "VCPU"):
        draft.set_used(pool, name, 1)
    with pytest.raises(InventoryInUse, match=r"VCPU, MEMORY_MB, DISK_GB"):
        decide(draft, SetInventories(uuid=POOL, inventories={}))
