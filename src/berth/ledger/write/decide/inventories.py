"""Inventories: what a provider has. One may be set below what is held of it, but not be removed."""

from __future__ import annotations

from berth.ledger.write.decide.providers import check_generation
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.model import commands
from berth.model.errors import InventoryExists, InventoryInUse, InventoryNotFound, ReservedExceedsTotal, UnitsContradict
from berth.model.inventory import Inventory
from berth.model.names import STANDARD_CLASSES

_STANDARD_POSITION = {name: position for position, name in enumerate(STANDARD_CLASSES)}


def replace(draft: Draft, command: commands.SetInventories) -> int:
    """Replace all inventories of a provider. Return its generation, which always rises."""
    provider = draft.provider(command.uuid)
    check_generation(provider, command.generation)
    for name, inventory in command.inventories.items():
        check_inventory(provider.uuid, name, inventory, may_equal=command.reserved_may_equal_total)
    for name in command.inventories:
        draft.need_class(name)
    check_not_in_use(draft, provider, command.inventories)
    draft.set_inventories(provider, command.inventories)
    draft.touch(provider)
    return provider.generation


def add(draft: Draft, command: commands.AddInventory) -> int:
    """Add an inventory. Return the provider's generation."""
    provider = draft.provider(command.uuid)
    name, inventory = command.resource_class, command.inventory
    check_inventory(provider.uuid, name, inventory, may_equal=command.reserved_may_equal_total)
    draft.need_class(name)
    if draft.inventory(provider, name) is not None:
        raise InventoryExists(provider.uuid, name)
    draft.set_inventories(provider, {**draft.inventories(provider), name: inventory})
    draft.touch(provider)
    return provider.generation


def update(draft: Draft, command: commands.UpdateInventory) -> int:
    """Replace one inventory. Return the provider's generation."""
    provider = draft.provider(command.uuid)
    name, inventory = command.resource_class, command.inventory
    check_generation(provider, command.generation)
    check_inventory(provider.uuid, name, inventory, may_equal=command.reserved_may_equal_total)
    draft.need_class(name)
    if draft.inventory(provider, name) is None:
        raise InventoryNotFound(provider.uuid, name)
    draft.set_inventories(provider, {**draft.inventories(provider), name: inventory})
    draft.touch(provider)
    return provider.generation


def delete(draft: Draft, command: commands.DeleteInventory) -> int:
    """Delete one inventory. Return the provider's generation."""
    provider = draft.provider(command.uuid)
    draft.need_class(command.resource_class)
    kept = dict(draft.inventories(provider))
    if kept.pop(command.resource_class, None) is None:
        raise InventoryNotFound(provider.uuid, command.resource_class)
    check_not_in_use(draft, provider, kept)
    draft.set_inventories(provider, kept)
    draft.touch(provider)
    return provider.generation


def check_not_in_use(draft: Draft, provider: DraftProvider, kept: dict[str, Inventory]) -> None:
    """Raise InventoryInUse if something is held of a class that is not kept."""
    held = [name for name in draft.inventories(provider) if name not in kept and draft.used(provider, name)]
    if held:
        held.sort(key=lambda name: (_STANDARD_POSITION.get(name, 1000), name))
        raise InventoryInUse(provider.uuid, held, {name: draft.used(provider, name) for name in held})


def check_inventory(provider: str, name: str, inventory: Inventory, *, may_equal: bool = True) -> None:
    """Raise a Refusal if an inventory contradicts itself: every way to set one passes here.

    may_equal: whether all of it may be reserved (since Placement 1.26).
    """
    if inventory.reserved > inventory.total or (inventory.reserved == inventory.total and not may_equal):
        raise ReservedExceedsTotal(
            provider, name, may_equal=may_equal, reserved=inventory.reserved, total=inventory.total
        )
    if inventory.min_unit > inventory.max_unit:
        raise UnitsContradict(provider, name, inventory.min_unit, inventory.max_unit)
