"""Records: whole providers in their desired state."""

from __future__ import annotations

from collections.abc import Iterator

from berth.model.errors import InvalidAmount
from berth.model.inventory import Inventory, checked
from berth.model.names import is_custom_name, parse_uuid
from berth.model.record import ProviderRecord, RecordStatus
from tests.support.oracle.world import Provider, World

NOWHERE = "nowhere"


def put(world: World, record: ProviderRecord, new_uuid: str) -> RecordStatus:
    """Let there be such a provider, with the classes and traits that it needs; or change nothing."""
    uuid = record.uuid or named(world, record.name) or new_uuid
    if not all(conditions(world, record, uuid)):
        return RecordStatus.REFUSED
    is_new = uuid not in world.providers
    provider = world.providers.setdefault(uuid, Provider(record.name, parent_of(world, record)))
    before = (provider.inventories, provider.traits, provider.aggregates)
    provider.inventories = inventories(record)
    provider.traits, provider.aggregates = set(record.traits), set(record.aggregates)
    world.custom_classes |= {name for name in record.inventories if not world.has_class(name)}
    world.custom_traits |= {name for name in record.traits if not world.has_trait(name)}
    changed = before != (provider.inventories, provider.traits, provider.aggregates)
    provider.generation += changed
    return RecordStatus.CREATED if is_new else RecordStatus.CHANGED if changed else RecordStatus.UNCHANGED


def conditions(world: World, record: ProviderRecord, uuid: str) -> Iterator[bool]:
    """What must hold for a record to be taken in as the provider with this uuid."""
    known, parent = world.providers.get(uuid), parent_of(world, record)
    yield parent is None or parent in world.providers
    yield all(is_sound(inventory) for inventory in inventories(record).values())
    yield all(world.has_class(name) or is_custom_name(name) for name in record.inventories)
    yield all(world.has_trait(name) or is_custom_name(name) for name in record.traits)
    if known is None:
        yield named(world, record.name) is None
    else:
        yield (known.name, known.parent) == (record.name, parent)
        yield not any(world.used(uuid, name) for name in known.inventories if name not in record.inventories)


def named(world: World, name: str) -> str | None:
    """The uuid of the provider with this name."""
    return next((uuid for uuid, provider in world.providers.items() if provider.name == name), None)


def parent_of(world: World, record: ProviderRecord) -> str | None:
    """The uuid of the parent that a record names; no provider's if there is none."""
    if record.parent is None:
        return None
    uuid = parse_uuid(record.parent)
    return uuid if uuid in world.providers else named(world, record.parent) or NOWHERE


def inventories(record: ProviderRecord) -> dict[str, Inventory]:
    """What the provider is to have."""
    return {name: each.inventory() for name, each in record.inventories.items()}


def is_sound(inventory: Inventory) -> bool:
    """Whether the numbers make sense."""
    try:
        checked(inventory)
    except InvalidAmount:
        return False
    return inventory.reserved <= inventory.total and inventory.min_unit <= inventory.max_unit
