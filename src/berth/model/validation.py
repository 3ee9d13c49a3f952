"""Commands from outside, made sound: uuids in their one spelling, numbers and texts within their bounds.

Whoever makes commands out of what somebody gave them lets them pass through here. What needs the ledger to be
judged is not judged here.
"""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from berth.model import commands
from berth.model.commands import Claim, Command, NewInventories
from berth.model.errors import Invalid, InvalidAmount
from berth.model.inventory import Inventory, checked
from berth.model.names import NAME_LENGTH, parse_uuid
from berth.model.text import checked_text

PROVIDER_NAME_LENGTH: Final = 200
"""Of a provider's name, in characters (Placement's bound)."""

_TYPE: Final = re.compile(r"[A-Z0-9_]+")


def validated(command: Command) -> Command:
    """The same command, made sound; Invalid says what cannot be."""
    make = _SOUND.get(type(command))
    made: Command = command if make is None else make(command)
    return made


def canonical_uuid(uuid: str) -> str:
    """The canonical spelling of a uuid; Invalid if it is none."""
    known = parse_uuid(uuid)
    if known is None:
        raise Invalid(f"{uuid!r} is no uuid")
    return known


def _about_provider(command: Any) -> Command:
    changed: Command = replace(command, uuid=canonical_uuid(command.uuid))
    return changed


def _create_provider(command: commands.CreateProvider) -> Command:
    return replace(
        command,
        uuid=canonical_uuid(command.uuid),
        name=checked_text(command.name, "the provider's name", PROVIDER_NAME_LENGTH),
        parent=None if command.parent is None else canonical_uuid(command.parent),
    )


def _update_provider(command: commands.UpdateProvider) -> Command:
    name, parent = command.name, command.parent
    return replace(
        command,
        uuid=canonical_uuid(command.uuid),
        name=checked_text(name, "the provider's name", PROVIDER_NAME_LENGTH) if isinstance(name, str) else name,
        parent=canonical_uuid(parent) if isinstance(parent, str) else parent,
    )


def _set_inventories(command: commands.SetInventories) -> Command:
    return replace(command, uuid=canonical_uuid(command.uuid), inventories=_inventories(command.inventories))


def _one_inventory(command: commands.AddInventory | commands.UpdateInventory) -> Command:
    return replace(command, uuid=canonical_uuid(command.uuid), inventory=checked(command.inventory))


def _set_aggregates(command: commands.SetAggregates) -> Command:
    aggregates = tuple(dict.fromkeys(map(canonical_uuid, command.aggregates)))
    return replace(command, uuid=canonical_uuid(command.uuid), aggregates=aggregates)


def _set_allocations(command: commands.SetAllocations) -> Command:
    return replace(command, claims=_claims(command.claims))


def _allocate(command: commands.Allocate) -> Command:
    return replace(
        command,
        consumer=canonical_uuid(command.consumer),
        project=owner(command.project, "the project"),
        user=owner(command.user, "the user"),
        type=None if command.type is None else consumer_type(command.type),
    )


def _release(command: commands.ReleaseAllocations) -> Command:
    return replace(command, consumer=canonical_uuid(command.consumer))


def _reshape(command: commands.Reshape) -> Command:
    inventories = tuple(
        NewInventories(
            uuid=canonical_uuid(each.uuid), inventories=_inventories(each.inventories), generation=each.generation
        )
        for each in command.inventories
    )
    return replace(command, inventories=inventories, claims=_claims(command.claims))


def _put_records(command: commands.PutRecords) -> Command:
    """Records are judged one by one, later: here only their new uuids, which are made if none are given."""
    new = command.new_uuids or tuple(str(uuids.uuid4()) for _ in command.records)
    if len(new) != len(command.records):
        raise Invalid("new_uuids has to have one uuid for each record, or none at all")
    return replace(command, new_uuids=tuple(map(canonical_uuid, new)))


def _inventories(inventories: dict[str, Inventory]) -> dict[str, Inventory]:
    return {name: checked(inventory) for name, inventory in inventories.items()}


def _claims(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    sounded = tuple(map(_claim, claims))
    if len({claim.consumer for claim in sounded}) != len(sounded):
        raise Invalid("two claims are for the same consumer")
    return sounded


def _claim(claim: Claim) -> Claim:
    allocations = {canonical_uuid(uuid): resources for uuid, resources in claim.allocations.items()}
    if len(allocations) != len(claim.allocations):
        raise Invalid("a claim names the same provider twice")
    for resources in allocations.values():
        if not resources or min(resources.values()) < 1:
            raise InvalidAmount("a claim asks for amounts of at least 1 of at least one class of each provider")
    return replace(
        claim,
        consumer=canonical_uuid(claim.consumer),
        allocations=allocations,
        project=owner(claim.project, "the project"),
        user=owner(claim.user, "the user"),
        type=consumer_type(claim.type) if isinstance(claim.type, str) else claim.type,
    )


def owner(value: str, what: str) -> str:
    """A project or a user; Invalid if it is empty, too long, or no text to show."""
    if not value:
        raise Invalid(f"{what} is missing")
    return checked_text(value, what)


def consumer_type(value: str) -> str:
    """A type of consumers: A-Z, 0-9 and _, at most 255 of them; else Invalid."""
    if len(value) > NAME_LENGTH or _TYPE.fullmatch(value) is None:
        raise Invalid(f"{value[:NAME_LENGTH]!r} is no type of consumers: it is made of A-Z, 0-9 and _")
    return value


_SOUND: Final[dict[type[Command], Callable[[Any], Command]]] = {
    commands.CreateProvider: _create_provider,
    commands.UpdateProvider: _update_provider,
    commands.DeleteProvider: _about_provider,
    commands.SetInventories: _set_inventories,
    commands.AddInventory: _one_inventory,
    commands.UpdateInventory: _one_inventory,
    commands.DeleteInventory: _about_provider,
    commands.SetTraits: _about_provider,
    commands.SetAggregates: _set_aggregates,
    commands.SetAllocations: _set_allocations,
    commands.Allocate: _allocate,
    commands.ReleaseAllocations: _release,
    commands.Reshape: _reshape,
    commands.PutRecords: _put_records,
}
"""How each is made sound. Those that are not here only name a class or a trait, which the ledger judges."""
