"""Commands as HTTP requests to Placement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from berth.model import commands
from berth.model.commands import KEEP, UNCHECKED, Claim, Command, Generation
from berth.model.inventory import Inventory
from berth.model.names import is_custom_name
from tests.support.oracle.world import World

Call = tuple[str, str, int, Any]
"""(method, path, minor version, body)."""

NEWEST: Final = 39
BEFORE_MOVING: Final = 36
"""The last version in which a provider cannot leave its parent."""

BEFORE_FULL_RESERVATION: Final = 25
"""The last version in which not all of an inventory can be reserved."""

BEFORE_COUNTING: Final = 18
"""The last version in which setting aggregates does not count as a change of the provider."""

RENAMING: Final = 6
"""The last version in which a resource class can be renamed."""

UNTYPED: Final = 37
"""The last version in which consumers have no type."""


def request(world: World, command: Command) -> Call | None:
    """Return the HTTP request for this command in this world; None if no request can express it."""
    if isinstance(command, commands.SetAllocations | commands.Reshape) and not is_expressible(world, command.claims):
        return None
    say = REQUESTS.get(type(command))
    return None if say is None else say(world, command)


def create_provider(_world: World, command: commands.CreateProvider) -> Call:
    parent = {"parent_provider_uuid": command.parent} if command.parent else {}
    return "POST", "/resource_providers", NEWEST, {"uuid": command.uuid, "name": command.name, **parent}


def update_provider(world: World, command: commands.UpdateProvider) -> Call:
    known = world.providers.get(command.uuid)
    name = command.name if command.name is not KEEP else known.name if known else "unknown"
    parent = {} if command.parent is KEEP else {"parent_provider_uuid": command.parent}
    minor = NEWEST if command.reparenting else BEFORE_MOVING
    return "PUT", f"/resource_providers/{command.uuid}", minor, {"name": name, **parent}


def delete_provider(_world: World, command: commands.DeleteProvider) -> Call:
    return "DELETE", f"/resource_providers/{command.uuid}", NEWEST, None


def set_inventories(world: World, command: commands.SetInventories) -> Call:
    body = generation_body(world, command.uuid, command.generation) | {
        "inventories": inventory_bodies(command.inventories)
    }
    return (
        "PUT",
        f"/resource_providers/{command.uuid}/inventories",
        version_for_reserved(command.reserved_may_equal_total),
        body,
    )


def add_inventory(_world: World, command: commands.AddInventory) -> Call:
    body = inventory_body(command.inventory) | {"resource_class": command.resource_class}
    return (
        "POST",
        f"/resource_providers/{command.uuid}/inventories",
        version_for_reserved(command.reserved_may_equal_total),
        body,
    )


def update_inventory(world: World, command: commands.UpdateInventory) -> Call:
    path = f"/resource_providers/{command.uuid}/inventories/{command.resource_class}"
    body = generation_body(world, command.uuid, command.generation) | inventory_body(command.inventory)
    return "PUT", path, version_for_reserved(command.reserved_may_equal_total), body


def delete_inventory(_world: World, command: commands.DeleteInventory) -> Call:
    return "DELETE", f"/resource_providers/{command.uuid}/inventories/{command.resource_class}", NEWEST, None


def set_traits(world: World, command: commands.SetTraits) -> Call:
    body = generation_body(world, command.uuid, command.generation) | {"traits": sorted(command.traits)}
    return "PUT", f"/resource_providers/{command.uuid}/traits", NEWEST, body


def set_aggregates(world: World, command: commands.SetAggregates) -> Call | None:
    path, uuids = f"/resource_providers/{command.uuid}/aggregates", list(command.aggregates)
    if command.counts:
        return "PUT", path, NEWEST, generation_body(world, command.uuid, command.generation) | {"aggregates": uuids}
    return ("PUT", path, BEFORE_COUNTING, uuids) if command.generation is UNCHECKED else None


def create_trait(_world: World, command: commands.CreateTrait) -> Call:
    return "PUT", f"/traits/{command.name}", NEWEST, None


def delete_trait(_world: World, command: commands.DeleteTrait) -> Call:
    return "DELETE", f"/traits/{command.name}", NEWEST, None


def create_class(_world: World, command: commands.CreateClass) -> Call:
    if command.exist_ok:
        return "PUT", f"/resource_classes/{command.name}", NEWEST, None
    return "POST", "/resource_classes", NEWEST, {"name": command.name}


def rename_class(_world: World, command: commands.RenameClass) -> Call | None:
    if not is_custom_name(command.new_name):  # which Placement looks at first
        return None
    return "PUT", f"/resource_classes/{command.name}", RENAMING, {"name": command.new_name}


def delete_class(_world: World, command: commands.DeleteClass) -> Call:
    return "DELETE", f"/resource_classes/{command.name}", NEWEST, None


def set_allocations(world: World, command: commands.SetAllocations) -> Call:
    return "POST", "/allocations", version_for_types(command.claims), claim_bodies(world, command.claims)


def release_allocations(_world: World, command: commands.ReleaseAllocations) -> Call:
    return "DELETE", f"/allocations/{command.consumer}", NEWEST, None


def reshape(world: World, command: commands.Reshape) -> Call:
    inventories = {
        new.uuid: {"resource_provider_generation": new.generation, "inventories": inventory_bodies(new.inventories)}
        for new in command.inventories
    }
    body = {"inventories": inventories, "allocations": claim_bodies(world, command.claims)}
    return "POST", "/reshaper", version_for_types(command.claims), body


def generation_body(world: World, uuid: str, generation: Generation) -> dict[str, Any]:
    """The generation to say: the one of the command, or the present one."""
    known = world.providers.get(uuid)
    present = known.generation if known else 0
    return {"resource_provider_generation": present if generation is UNCHECKED else generation}


def version_for_reserved(all_of_it: bool) -> int:
    return NEWEST if all_of_it else BEFORE_FULL_RESERVATION


def inventory_body(inventory: Inventory) -> dict[str, Any]:
    return {field: getattr(inventory, field) for field in inventory.__struct_fields__}


def inventory_bodies(inventories: Mapping[str, Inventory]) -> dict[str, Any]:
    return {name: inventory_body(inventory) for name, inventory in inventories.items()}


def is_expressible(world: World, claims: tuple[Claim, ...]) -> bool:
    """Whether one HTTP request can express these claims.

    Types are given for all consumers or for none. Placement creates a consumer that claims nothing: a fault.
    """
    keeping = {claim.type is KEEP for claim in claims}
    empty = any(not claim.allocations and claim.consumer not in world.consumers for claim in claims)
    return len(keeping) < 2 and not empty and all(claim.type is not None for claim in claims)


def version_for_types(claims: tuple[Claim, ...]) -> int:
    return UNTYPED if any(claim.type is KEEP for claim in claims) else NEWEST


def claim_bodies(world: World, claims: tuple[Claim, ...]) -> dict[str, Any]:
    return {claim.consumer: claim_body(world, claim) for claim in claims}


def claim_body(world: World, claim: Claim) -> dict[str, Any]:
    known = world.consumers.get(claim.consumer)
    present = known.generation if known else None
    return {
        "allocations": {uuid: {"resources": resources} for uuid, resources in claim.allocations.items()},
        "project_id": claim.project,
        "user_id": claim.user,
        "consumer_generation": present if claim.generation is UNCHECKED else claim.generation,
        **({} if claim.type is KEEP else {"consumer_type": claim.type}),
    }


REQUESTS: Final[dict[type[Command], Callable[[World, Any], Call | None]]] = {
    commands.CreateProvider: create_provider,
    commands.UpdateProvider: update_provider,
    commands.DeleteProvider: delete_provider,
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
    commands.SetAllocations: set_allocations,
    commands.ReleaseAllocations: release_allocations,
    commands.Reshape: reshape,
}
