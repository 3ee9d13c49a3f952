"""The effect of each command on a world, or its refusal; the order of the checks is Placement's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from berth.model import commands, errors
from berth.model.commands import KEEP, UNCHECKED, Generation
from berth.model.drain import Drain, Undrain
from berth.model.inventory import Inventory
from berth.model.names import STANDARD_CLASSES, is_custom_name
from tests.support.oracle import claims, records
from tests.support.oracle.world import Provider, World


def applied(world: World, command: commands.Command) -> World:
    """The world after a command; the one before stays as it is. Raises the Refusal that the ledger should give."""
    after = copy.deepcopy(world)
    RULES[type(command)](after, command)
    return after


def tried(world: World, command: commands.Command) -> tuple[World, type[errors.Refusal] | None]:
    """The world after a command, and the kind of refusal if it is refused and the world is the same."""
    try:
        return applied(world, command), None
    except errors.Refusal as refusal:
        return world, type(refusal)


def create_provider(world: World, command: commands.CreateProvider) -> None:
    if command.parent == command.uuid:
        raise errors.ParentIsSelf
    if command.parent is not None and command.parent not in world.providers:
        raise errors.ParentNotFound
    if command.uuid in world.providers:
        raise errors.ProviderExists("uuid", command.uuid)
    check_name_is_free(world, command.name)
    world.providers[command.uuid] = Provider(command.name, command.parent)


def update_provider(world: World, command: commands.UpdateProvider) -> None:
    provider = known_provider(world, command.uuid)
    if command.parent is not KEEP:
        assert not isinstance(command.parent, commands.Keep)
        check_move(world, command.uuid, command.parent, command.reparenting)
        provider.parent = command.parent
    if command.name is not KEEP and command.name != provider.name:
        assert isinstance(command.name, str)
        check_name_is_free(world, command.name)
        provider.name = command.name


def check_move(world: World, uuid: str, parent: str | None, reparenting: bool) -> None:
    """Refuse a move that makes no sense. Without ``reparenting`` a provider may get a parent, but not leave it."""
    present = world.providers[uuid].parent
    if parent is not None and parent not in world.providers:
        raise errors.ParentNotFound
    if not reparenting and present not in (None, parent):
        raise errors.UnparentingForbidden if parent is None else errors.ReparentingForbidden
    if parent in world.below(uuid):
        raise errors.TreeLoop


def delete_provider(world: World, command: commands.DeleteProvider) -> None:
    known_provider(world, command.uuid)
    if world.below(command.uuid) != {command.uuid}:
        raise errors.ProviderHasChildren(command.uuid)
    if any(command.uuid in consumer.held for consumer in world.consumers.values()):
        raise errors.ProviderInUse(command.uuid)
    del world.providers[command.uuid]
    world.drained.discard(command.uuid)


def drain(world: World, command: Drain) -> None:
    for uuid in command.providers:
        known_provider(world, uuid)
    world.drained |= set(command.providers)


def undrain(world: World, command: Undrain) -> None:
    for uuid in command.providers:
        known_provider(world, uuid)
    for uuid in command.providers:
        nearest = next((above for above in world.line(uuid)[1:] if above in world.drained), None)
        if nearest is not None and nearest not in command.providers:
            raise errors.DrainedAbove(uuid, nearest)
    world.drained -= set(command.providers)


def set_inventories(world: World, command: commands.SetInventories) -> None:
    provider = provider_at(world, command.uuid, command.generation)
    for name, inventory in command.inventories.items():
        check_reserved(command.uuid, name, inventory, command.reserved_may_equal_total)
    claims.replace_inventories(world, command.uuid, command.inventories)
    provider.generation += 1


def add_inventory(world: World, command: commands.AddInventory) -> None:
    provider = known_provider(world, command.uuid)
    check_reserved(command.uuid, command.resource_class, command.inventory, command.reserved_may_equal_total)
    claims.check_classes(world, [command.resource_class])
    if command.resource_class in provider.inventories:
        raise errors.InventoryExists(command.uuid, command.resource_class)
    provider.inventories[command.resource_class] = command.inventory
    provider.generation += 1


def update_inventory(world: World, command: commands.UpdateInventory) -> None:
    provider = provider_at(world, command.uuid, command.generation)
    check_reserved(command.uuid, command.resource_class, command.inventory, command.reserved_may_equal_total)
    claims.check_classes(world, [command.resource_class])
    check_has_inventory(provider, command.uuid, command.resource_class)
    provider.inventories[command.resource_class] = command.inventory
    provider.generation += 1


def delete_inventory(world: World, command: commands.DeleteInventory) -> None:
    provider = known_provider(world, command.uuid)
    claims.check_classes(world, [command.resource_class])
    check_has_inventory(provider, command.uuid, command.resource_class)
    rest = {name: had for name, had in provider.inventories.items() if name != command.resource_class}
    claims.replace_inventories(world, command.uuid, rest)
    provider.generation += 1


def set_traits(world: World, command: commands.SetTraits) -> None:
    provider = provider_at(world, command.uuid, command.generation)
    if unknown := [name for name in command.traits if not world.has_trait(name)]:
        raise errors.TraitsNotFound(unknown)
    if provider.traits != command.traits:
        provider.traits = set(command.traits)
        provider.generation += 1


def set_aggregates(world: World, command: commands.SetAggregates) -> None:
    provider = provider_at(world, command.uuid, command.generation)
    provider.aggregates = set(command.aggregates)
    provider.generation += command.counts


def create_trait(world: World, command: commands.CreateTrait) -> None:
    check_custom(command.name)
    world.custom_traits.add(command.name)


def delete_trait(world: World, command: commands.DeleteTrait) -> None:
    if not world.has_trait(command.name):
        raise errors.TraitsNotFound([command.name])
    if not is_custom_name(command.name):
        raise errors.StandardName("delete", "trait", command.name)
    if any(command.name in provider.traits for provider in world.providers.values()):
        raise errors.TraitInUse(command.name)
    world.custom_traits.remove(command.name)


def create_class(world: World, command: commands.CreateClass) -> None:
    check_custom(command.name)
    if command.name in world.custom_classes and not command.exist_ok:
        raise errors.ClassExists(command.name)
    world.custom_classes.add(command.name)


def rename_class(world: World, command: commands.RenameClass) -> None:
    check_custom_class(world, "update", command.name)
    check_custom(command.new_name)
    if command.new_name in world.custom_classes - {command.name}:
        raise errors.ClassExists(command.new_name)
    world.custom_classes = world.custom_classes - {command.name} | {command.new_name}
    for provider in world.providers.values():
        rename_key(provider.inventories, command.name, command.new_name)
    for consumer in world.consumers.values():
        for held in consumer.held.values():
            rename_key(held, command.name, command.new_name)


def rename_key(named: dict[str, Any], old: str, new: str) -> None:
    if old in named:
        named[new] = named.pop(old)


def delete_class(world: World, command: commands.DeleteClass) -> None:
    check_custom_class(world, "delete", command.name)
    if any(command.name in provider.inventories for provider in world.providers.values()):
        raise errors.ClassInUse(command.name)
    world.custom_classes.remove(command.name)


def put_records(world: World, command: commands.PutRecords) -> None:
    for record, new_uuid in zip(command.records, command.new_uuids, strict=True):
        records.put(world, record, new_uuid)


def known_provider(world: World, uuid: str) -> Provider:
    if uuid not in world.providers:
        raise errors.ProviderNotFound(uuid)
    return world.providers[uuid]


def provider_at(world: World, uuid: str, generation: Generation) -> Provider:
    """The provider, if the caller has seen its present generation."""
    provider = known_provider(world, uuid)
    if generation not in (UNCHECKED, provider.generation):
        assert isinstance(generation, int)
        raise errors.GenerationConflict(uuid, provider.generation, generation)
    return provider


def check_name_is_free(world: World, name: str) -> None:
    if any(provider.name == name for provider in world.providers.values()):
        raise errors.ProviderExists("name", name)


def check_reserved(uuid: str, name: str, inventory: Inventory, may_equal: bool) -> None:
    if inventory.reserved > inventory.total - (not may_equal):
        raise errors.ReservedExceedsTotal(
            uuid, name, may_equal=may_equal, reserved=inventory.reserved, total=inventory.total
        )
    if inventory.min_unit > inventory.max_unit:
        raise errors.UnitsContradict(uuid, name, inventory.min_unit, inventory.max_unit)


def check_has_inventory(provider: Provider, uuid: str, name: str) -> None:
    if name not in provider.inventories:
        raise errors.InventoryNotFound(uuid, name)


def check_custom(name: str) -> None:
    if not is_custom_name(name):
        raise errors.InvalidName(name)


def check_custom_class(world: World, verb: str, name: str) -> None:
    claims.check_classes(world, [name])
    if name in STANDARD_CLASSES:
        raise errors.StandardName(verb, "resource class", name)


RULES: Final[dict[type[commands.Command], Callable[[World, Any], None]]] = {
    commands.CreateProvider: create_provider,
    commands.UpdateProvider: update_provider,
    commands.DeleteProvider: delete_provider,
    Drain: drain,
    Undrain: undrain,
    commands.SetInventories: set_inventories,
    commands.AddInventory: add_inventory,
    commands.UpdateInventory: update_inventory,
    commands.DeleteInventory: delete_inventory,
    commands.SetTraits: set_traits,
    commands.SetAggregates: set_aggregates,
    commands.CreateTrait: create_trait,
    commands.DeleteTrait: delete_trait,
    commands.CreateClass: create_class,
    commands.RenameClass: rename_class,
    commands.DeleteClass: delete_class,
    commands.SetAllocations: claims.set_allocations,
    commands.ReleaseAllocations: claims.release_allocations,
    commands.Reshape: claims.reshape,
    commands.PutRecords: put_records,
}
