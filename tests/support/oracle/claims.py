"""Claims: the effect of allocations on a world, and whether there is room for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from berth.model import commands, errors
from berth.model.commands import KEEP, UNCHECKED, Claim, Keep, Marker
from berth.model.inventory import Inventory
from tests.support.oracle.world import Consumer, World

Part = tuple[str, str, int]
"""Something of a claim: (provider, class, amount)."""


def set_allocations(world: World, command: commands.SetAllocations) -> None:
    check_consumers(world, command.claims)
    check_claimed_providers(world, command.claims)
    write_claims(world, command.claims, drained=world.drained)


def release_allocations(world: World, command: commands.ReleaseAllocations) -> None:
    if command.consumer not in world.consumers:
        raise errors.AllocationsNotFound(command.consumer)
    del world.consumers[command.consumer]


def reshape(world: World, command: commands.Reshape) -> None:
    """Claims see the old inventories beside the new ones; then what is not among the new ones goes."""
    for new in command.inventories:
        check_reshaped(world, new)
    check_consumers(world, command.claims)
    check_claimed_providers(world, command.claims)
    for new in command.inventories:
        if new.inventories:
            check_classes(world, new.inventories)
            world.providers[new.uuid].inventories |= new.inventories
            world.providers[new.uuid].generation += 1
    write_claims(world, command.claims, {new.uuid for new in command.inventories})
    for new in command.inventories:
        replace_inventories(world, new.uuid, new.inventories)
        world.providers[new.uuid].generation += 1


def check_reshaped(world: World, new: commands.NewInventories) -> None:
    if new.uuid not in world.providers:
        raise errors.ReshapedProviderNotFound(new.uuid)
    if (actual := world.providers[new.uuid].generation) != new.generation:
        raise errors.GenerationConflict(new.uuid, actual, new.generation)


def check_consumers(world: World, claims: Iterable[Claim]) -> None:
    """Refuse a claim that was made by somebody who knows another state of the consumer."""
    for claim in claims:
        known = world.consumers.get(claim.consumer)
        expected = None if known is None else known.generation
        if claim.generation not in (UNCHECKED, expected):
            assert not isinstance(claim.generation, Marker)
            raise errors.ConsumerGenerationConflict(claim.consumer, expected, claim.generation)


def check_claimed_providers(world: World, claims: Iterable[Claim]) -> None:
    for claim in claims:
        for uuid in claim.allocations:
            if uuid not in world.providers:
                raise errors.AllocationProviderNotFound(uuid)


def check_classes(world: World, names: Iterable[str]) -> None:
    for name in names:
        if not world.has_class(name):
            raise errors.ClassNotFound(name)


def write_claims(
    world: World, claims: Sequence[Claim], reshaped: Collection[str] = (), drained: Collection[str] = ()
) -> None:
    """Let the consumers hold what they claim, and nothing else; each provider that is touched counts once.

    The units of providers that are reshaped bind what is held there as well.
    """
    parts = list(all_parts(claims))
    check_classes(world, [name for _uuid, name, _amount in parts])
    before = {(uuid, name): world.used(uuid, name) for uuid, name, _amount in parts}
    touching = touched(world, claims)
    holding = {place: held for place, held in held_before(world, claims).items() if place[0] not in reshaped}
    for claim in claims:
        if claim.consumer in world.consumers:
            world.consumers[claim.consumer].held = {}
    check_inventories(world, parts)
    check_room(world, parts, before, holding, drained)
    for claim in claims:
        hold(world, claim)
    for uuid in touching:
        world.providers[uuid].generation += 1


def all_parts(claims: Iterable[Claim]) -> Iterator[Part]:
    for claim in claims:
        for uuid, resources in claim.allocations.items():
            for name, amount in resources.items():
                yield uuid, name, amount


def touched(world: World, claims: Iterable[Claim]) -> set[str]:
    """The providers that claims name; one that claims nothing names all that its consumer holds."""
    uuids = set[str]()
    for claim in claims:
        known = world.consumers.get(claim.consumer)
        uuids |= (claim.allocations or (known.held if known else {})).keys()
    return uuids


def check_inventories(world: World, parts: Sequence[Part]) -> None:
    """Refuse what a provider has nothing of at all."""
    wanted = {name for _uuid, name, _amount in parts}
    for uuid, _name, _amount in parts:
        if not world.providers[uuid].inventories.keys() & wanted:
            raise errors.InventoryMissing(uuid, sorted(wanted))


def held_before(world: World, claims: Iterable[Claim]) -> dict[tuple[str, str], list[int]]:
    """What each consumer of the claims holds of each class of each provider."""
    holding: dict[tuple[str, str], list[int]] = {}
    for claim in claims:
        if claim.consumer in world.consumers:
            for uuid, resources in world.consumers[claim.consumer].held.items():
                for name, amount in resources.items():
                    holding.setdefault((uuid, name), []).append(amount)
    return holding


def check_room(
    world: World,
    parts: Sequence[Part],
    before: dict[tuple[str, str], int],
    holding: dict[tuple[str, str], list[int]],
    drained: Collection[str],
) -> None:
    """Refuse what is not there, breaks an inventory's rules, or is too much.

    Whoever is over capacity already (the inventory has shrunk) may hold as much as before, or less; what is held in
    units that are no longer legal may be kept, passed on or lessened. What is drained may be held as before, or less.
    """
    after = dict.fromkeys(before, 0)
    for uuid, name, amount in parts:
        inventory = world.providers[uuid].inventories.get(name)
        if inventory is None:
            raise errors.InventoryMissing(uuid, [name])
        olds = holding.get((uuid, name), [])
        lessened = any(not inventory.takes(old) for old in olds) and amount <= sum(olds)
        if not (inventory.takes(amount) or amount in olds or lessened):
            raise errors.UnitsViolated(uuid, name, *inventory.violated_unit(amount))
        after[uuid, name] += amount
        used = world.used(uuid, name) + after[uuid, name]
        if used > before[uuid, name] and any(above in drained for above in world.line(uuid)):
            raise errors.ProviderDrained(uuid, name)
        if used > inventory.capacity and used > before[uuid, name]:
            raise errors.CapacityExceeded(uuid, name)


def hold(world: World, claim: Claim) -> None:
    """Let one consumer hold what it claims; it ends if that is nothing."""
    new = Consumer(claim.project, claim.user, None)
    consumer = world.consumers.setdefault(claim.consumer, new)
    consumer.project, consumer.user = claim.project, claim.user
    consumer.held = {uuid: dict(resources) for uuid, resources in claim.allocations.items()}
    consumer.generation += 1
    if claim.type is not KEEP:
        assert not isinstance(claim.type, Keep)
        consumer.type = claim.type
    if not consumer.held:
        del world.consumers[claim.consumer]


def replace_inventories(world: World, uuid: str, inventories: dict[str, Inventory]) -> None:
    """Let a provider have these inventories and no others; none may go that is in use."""
    provider = world.providers[uuid]
    check_classes(world, inventories)
    in_use = [name for name in provider.inventories if name not in inventories and world.used(uuid, name)]
    if in_use:
        raise errors.InventoryInUse(uuid, in_use)
    provider.inventories = dict(inventories)
