"""Strategies for commands, derived from a world so that most succeed and some are refused for every possible reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from hypothesis import strategies as st

from berth.model import commands
from berth.model.commands import KEEP, UNCHECKED, Claim, Command, Generation, NewInventories
from berth.model.drain import Drain, Undrain
from berth.model.inventory import Inventory
from berth.model.names import SHARES_VIA_AGGREGATE, STANDARD_CLASSES
from berth.model.record import InventoryRecord, ProviderRecord
from tests.suites.properties.name_pools import (
    AGGREGATES,
    CLASSES,
    CONSUMERS,
    CUSTOM_CLASSES,
    CUSTOM_TRAITS,
    PROJECTS,
    PROVIDERS,
    TRAITS,
    TYPES,
    UNKNOWN_UUID,
    UNUSED_NAME,
    USERS,
)
from tests.suites.properties.worlds import chance, inventories, some
from tests.support.oracle.world import World

NAMES: Final = tuple(f"name-{number}" for number in range(len(PROVIDERS) + 2))
MOST_PARTS: Final = 2


def any_command(world: World) -> st.SearchStrategy[Command]:
    """Any command, those about claims most often."""
    if len(world.providers) < 2:
        return create_provider(world)
    return st.sampled_from(KINDS).flatmap(lambda kind: kind(world))


@st.composite
def create_provider(draw: st.DrawFn, world: World) -> Command:
    free = [uuid for uuid in PROVIDERS if uuid not in world.providers]
    uuid = draw(st.sampled_from(free if free and not draw(chance(5)) else PROVIDERS))
    parent = draw(st.sampled_from((None, *world.providers, *world.providers)))
    return commands.CreateProvider(
        uuid=uuid, name=draw(names(world)), parent=UNKNOWN_UUID if draw(chance(2)) else parent
    )


@st.composite
def update_provider(draw: st.DrawFn, world: World) -> Command:
    return commands.UpdateProvider(
        uuid=draw(provider_uuid(world)),
        name=draw(names(world)) if draw(chance(40)) else KEEP,
        parent=draw(st.sampled_from((KEEP, None, *world.providers, UNKNOWN_UUID))),
        reparenting=not draw(chance(25)),
    )


@st.composite
def delete_provider(draw: st.DrawFn, world: World) -> Command:
    leaves = [uuid for uuid in world.providers if world.below(uuid) == {uuid}]
    return commands.DeleteProvider(uuid=draw(provider_uuid(world, leaves)))


@st.composite
def drain_or_undrain(draw: st.DrawFn, world: World) -> Command:
    drained = sorted(world.drained)
    if draw(chance(50)) and drained:
        return Undrain(providers=(draw(provider_uuid(world, drained)),))
    if draw(chance(20)):
        return Undrain(providers=(draw(provider_uuid(world)),))
    return Drain(providers=tuple(dict.fromkeys(draw(provider_uuid(world)) for _ in range(draw(st.integers(1, 2))))))


@st.composite
def set_inventories(draw: st.DrawFn, world: World) -> Command:
    """All inventories of a provider: mostly those that it has, and another."""
    uuid = draw(provider_uuid(world))
    present = world.providers[uuid].inventories if uuid in world.providers else {}
    requested = {name: draw(inventories()) for name in draw(some(known_classes(world), 0, 3))}
    return commands.SetInventories(
        uuid=uuid,
        inventories={**requested, **present}
        if draw(chance(40))
        else {**present, **requested}
        if draw(chance(60))
        else requested,
        generation=draw(generations(world, uuid)),
        reserved_may_equal_total=not draw(chance(20)),
    )


@st.composite
def add_inventory(draw: st.DrawFn, world: World) -> Command:
    name, given = draw(st.sampled_from(known_classes(world))), draw(new_inventory())
    return commands.AddInventory(
        uuid=draw(provider_uuid(world)),
        resource_class=name,
        inventory=given,
        reserved_may_equal_total=not draw(chance(20)),
    )


@st.composite
def update_inventory(draw: st.DrawFn, world: World) -> Command:
    """Other numbers for an inventory: it may come to have less than is held of it."""
    uuid, name = draw(provider_and_class(world))
    return commands.UpdateInventory(
        uuid=uuid,
        resource_class=name,
        inventory=draw(new_inventory()),
        generation=draw(generations(world, uuid)),
        reserved_may_equal_total=not draw(chance(20)),
    )


@st.composite
def delete_inventory(draw: st.DrawFn, world: World) -> Command:
    uuid, name = draw(provider_and_class(world))
    return commands.DeleteInventory(uuid=uuid, resource_class=name)


@st.composite
def set_traits(draw: st.DrawFn, world: World) -> Command:
    uuid = draw(provider_uuid(world))
    pool = (*TRAITS, *CUSTOM_TRAITS, *([UNUSED_NAME] if draw(chance(3)) else []))
    shares = {SHARES_VIA_AGGREGATE} if draw(chance(40)) else set()
    requested = shares | {name for name in draw(some(pool, 0, 3)) if world.has_trait(name) or draw(chance(10))}
    return commands.SetTraits(uuid=uuid, traits=frozenset(requested), generation=draw(generations(world, uuid)))


@st.composite
def set_aggregates(draw: st.DrawFn, world: World) -> Command:
    uuid = draw(provider_uuid(world))
    return commands.SetAggregates(
        uuid=uuid,
        aggregates=tuple(draw(some(AGGREGATES, 0, 3))),
        generation=draw(generations(world, uuid)),
        counts=not draw(chance(25)),
    )


def name_commands(_world: World) -> st.SearchStrategy[Command]:
    """Commands about traits and resource classes themselves."""
    traits = st.sampled_from((*CUSTOM_TRAITS, *CUSTOM_TRAITS, TRAITS[0], UNUSED_NAME))
    classes = st.sampled_from((*CUSTOM_CLASSES, *CUSTOM_CLASSES, CLASSES[0], UNUSED_NAME))
    made = st.sampled_from((*CUSTOM_CLASSES, *CUSTOM_CLASSES, *CUSTOM_CLASSES, "CUSTOM_new", STANDARD_CLASSES[0]))
    return st.one_of(
        st.builds(commands.CreateTrait, name=st.sampled_from((*CUSTOM_TRAITS, *CUSTOM_TRAITS, "lower"))),
        st.builds(commands.DeleteTrait, name=traits),
        st.builds(commands.CreateClass, name=made, exist_ok=st.booleans()),
        st.builds(commands.CreateClass, name=made, exist_ok=st.booleans()),
        st.builds(commands.RenameClass, name=classes, new_name=made),
        st.builds(commands.DeleteClass, name=classes),
    )


@st.composite
def set_allocations(draw: st.DrawFn, world: World) -> Command:
    consumers = draw(some(CONSUMERS, 1, 1 if draw(chance(70)) else 3))
    return commands.SetAllocations(claims=tuple(draw(claims(world, uuid)) for uuid in consumers))


@st.composite
def claims(draw: st.DrawFn, world: World, consumer: str) -> Claim:
    requested: dict[str, dict[str, int]] = {}
    for _ in range(0 if draw(chance(12)) else draw(st.integers(1, MOST_PARTS))):
        uuid, name = draw(provider_and_class(world))
        requested.setdefault(uuid, {})[name] = draw(amounts(world, uuid, name))
    return claim_by(draw, world, consumer, requested)


def claim_by(draw: st.DrawFn, world: World, consumer: str, requested: dict[str, dict[str, int]]) -> Claim:
    present = world.consumers.get(consumer)
    seen = None if present is None else present.generation
    return Claim(
        consumer=consumer,
        allocations=requested,
        project=draw(st.sampled_from(PROJECTS)),
        user=draw(st.sampled_from(USERS)),
        generation=draw(st.sampled_from((UNCHECKED, seen, seen)))
        if not draw(chance(4))
        else draw(st.sampled_from((None, 1, 2))),
        type=draw(st.sampled_from((KEEP, KEEP, None, *TYPES))),
    )


@st.composite
def release_allocations(draw: st.DrawFn, world: World) -> Command:
    holding = list(world.consumers)
    return commands.ReleaseAllocations(
        consumer=draw(st.sampled_from(holding if not draw(chance(10)) and holding else CONSUMERS))
    )


@st.composite
def reshape(draw: st.DrawFn, world: World) -> Command:
    """A class of one provider moves to another, with all that is held of it; now and then something is forgotten."""
    source, name = draw(provider_and_class(world))
    target = draw(provider_uuid(world))
    if source not in world.providers or target not in world.providers or source == target:
        return commands.Reshape(inventories=(new_inventories(draw, world, target, {}),), claims=())
    kept = dict(world.providers[source].inventories)
    thresholds = kept.pop(name, None) or draw(inventories())
    gained = world.providers[target].inventories | {name: draw(inventories()) if draw(chance(25)) else thresholds}
    holding = [uuid for uuid, consumer in world.consumers.items() if name in consumer.held.get(source, {})]
    if draw(chance(15)):
        holding = holding[1:]
    return commands.Reshape(
        inventories=(new_inventories(draw, world, source, kept), new_inventories(draw, world, target, gained)),
        claims=tuple(
            claim_by(draw, world, uuid, held_after_move(world, uuid, source, target, name)) for uuid in holding
        ),
    )


def new_inventories(draw: st.DrawFn, world: World, uuid: str, requested: Mapping[str, Inventory]) -> NewInventories:
    provider = world.providers.get(uuid)
    generation = 0 if provider is None else provider.generation
    return NewInventories(uuid=uuid, inventories=dict(requested), generation=generation + draw(chance(3)))


def held_after_move(world: World, consumer: str, source: str, target: str, name: str) -> dict[str, dict[str, int]]:
    """What a consumer holds, but the class of the target instead of the source."""
    held = {uuid: dict(resources) for uuid, resources in world.consumers[consumer].held.items()}
    amount = held[source].pop(name)
    goal = held.setdefault(target, {})
    goal[name] = goal.get(name, 0) + amount
    return {uuid: resources for uuid, resources in held.items() if resources}


@st.composite
def put_records(draw: st.DrawFn, world: World) -> Command:
    records = tuple(draw(provider_records(world)) for _ in range(draw(st.integers(1, 2))))
    fresh = draw(some(PROVIDERS, len(records), len(records)))
    unused = tuple(f"8{uuid[1:]}" if uuid in world.providers else uuid for uuid in fresh)
    return commands.PutRecords(records=records, new_uuids=unused)


@st.composite
def provider_records(draw: st.DrawFn, world: World) -> ProviderRecord:
    uuid = draw(st.sampled_from((*world.providers, PROVIDERS[-1])))
    present = world.providers.get(uuid)
    parent = None if present is None else present.parent
    requested = {} if present is None or draw(chance(15)) else dict(present.inventories)
    pool = (*CLASSES, *CUSTOM_CLASSES, *(["NO_SUCH"] if draw(chance(3)) else []))
    for name in draw(some(pool, 0, 1)):
        requested[name] = draw(new_inventory())
    return ProviderRecord(
        name=present.name if present and not draw(chance(5)) else draw(names(world)),
        uuid=uuid if draw(chance(50)) else None,
        parent=draw(st.sampled_from((None, *world.providers, "nobody"))) if draw(chance(10)) else parent,
        inventories={
            name: InventoryRecord(*(getattr(each, field) for field in each.__struct_fields__))
            for name, each in requested.items()
        },
        traits=tuple(present.traits if present and draw(chance(60)) else draw(some((*TRAITS, *CUSTOM_TRAITS), 0, 2))),
        aggregates=tuple(present.aggregates if present and draw(chance(60)) else draw(some(AGGREGATES, 0, 2))),
    )


def names(world: World) -> st.SearchStrategy[str]:
    """A provider's name, nearly always a free one."""
    taken = {provider.name for provider in world.providers.values()}
    free = [name for name in NAMES if name not in taken]
    return st.sampled_from((*free, *free, *free, NAMES[0]))


def provider_uuid(world: World, uuids: list[str] | None = None) -> st.SearchStrategy[str]:
    """A provider's uuid, nearly always of one that exists."""
    usual = uuids or list(world.providers)
    return st.integers(0, 59).flatmap(lambda number: st.just(UNKNOWN_UUID) if number == 59 else st.sampled_from(usual))


@st.composite
def provider_and_class(draw: st.DrawFn, world: World) -> tuple[str, str]:
    """A provider and a class, nearly always one that it has."""
    stocked = [uuid for uuid, provider in world.providers.items() if provider.inventories]
    uuid = draw(provider_uuid(world, stocked))
    present = sorted(world.providers[uuid].inventories) if uuid in world.providers else []
    return uuid, draw(st.sampled_from(present if present and not draw(chance(4)) else known_classes(world)))


def amounts(world: World, uuid: str, name: str) -> st.SearchStrategy[int]:
    """How much to claim: mostly a part of what is left."""
    inventory = world.providers[uuid].inventories.get(name) if uuid in world.providers else None
    left = 1 if inventory is None else max(1, inventory.capacity - world.used(uuid, name))
    step = 1 if inventory is None else inventory.step_size
    return st.integers(1, max(1, min(left, 4) // step)).map(lambda count: count * step) | st.integers(1, left + 1)


@st.composite
def new_inventory(draw: st.DrawFn) -> Inventory:
    """An inventory, now and then with as much reserved as there is, or more."""
    given = draw(inventories())
    return Inventory(given.total, given.total + draw(st.integers(0, 1))) if draw(chance(8)) else given


def generations(world: World, uuid: str) -> st.SearchStrategy[Generation]:
    """What the caller says it has seen of a provider: nearly always how it is."""
    provider = world.providers.get(uuid)
    present = 0 if provider is None else provider.generation
    return st.sampled_from((UNCHECKED, *[present] * 8, present + 1))


def known_classes(world: World) -> tuple[str, ...]:
    """Classes, nearly all of which exist."""
    return (*CLASSES, *CLASSES, *sorted(world.custom_classes) * 2, UNUSED_NAME)


Kind = Callable[[World], st.SearchStrategy[Command]]
KINDS: Final[tuple[Kind, ...]] = (
    *[set_allocations] * 9,
    *[create_provider] * 3,
    *[update_provider] * 2,
    delete_provider,
    *[drain_or_undrain] * 2,
    *[set_inventories] * 4,
    add_inventory,
    *[update_inventory] * 2,
    delete_inventory,
    *[set_traits] * 2,
    *[set_aggregates] * 2,
    *[name_commands] * 2,
    *[release_allocations] * 2,
    *[reshape] * 3,
    *[put_records] * 2,
)
