"""Validation of commands from outside: canonical uuids, numbers and texts within their bounds.

Every way in validates its commands here. Rules that need the state of the ledger are checked elsewhere.
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
"""The most characters of a provider's name (Placement's limit)."""

_TYPE: Final = re.compile(r"[A-Z0-9_]+")


def validated(command: Command) -> Command:
    """Return a command in canonical form. Raises Invalid if a value is illegal."""
    validator = _VALIDATORS.get(type(command))
    result: Command = command if validator is None else validator(command)
    return result


def canonical_uuid(uuid: str) -> str:
    """Return the canonical spelling of a uuid. Raises Invalid if it is not a uuid."""
    canonical = parse_uuid(uuid)
    if canonical is None:
        raise Invalid(f"{uuid!r} is not a uuid")
    return canonical


def _provider_command(command: Any) -> Command:
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
    """Validate the new uuids, or generate them. The records themselves are checked one by one, later."""
    new = command.new_uuids or tuple(str(uuids.uuid4()) for _ in command.records)
    if len(new) != len(command.records):
        raise Invalid("new_uuids must have one uuid for each record, or be empty")
    return replace(command, new_uuids=tuple(map(canonical_uuid, new)))


def _inventories(inventories: dict[str, Inventory]) -> dict[str, Inventory]:
    return {name: checked(inventory) for name, inventory in inventories.items()}


def _claims(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    validated_claims = tuple(map(_claim, claims))
    if len({claim.consumer for claim in validated_claims}) != len(validated_claims):
        raise Invalid("two claims are for the same consumer")
    return validated_claims


def _claim(claim: Claim) -> Claim:
    allocations = {canonical_uuid(uuid): resources for uuid, resources in claim.allocations.items()}
    if len(allocations) != len(claim.allocations):
        raise Invalid("a claim names the same provider twice")
    for resources in allocations.values():
        if not resources or min(resources.values()) < 1:
            raise InvalidAmount("a claim needs at least one class for each provider, with an amount of at least 1")
    return replace(
        claim,
        consumer=canonical_uuid(claim.consumer),
        allocations=allocations,
        project=owner(claim.project, "the project"),
        user=owner(claim.user, "the user"),
        type=consumer_type(claim.type) if isinstance(claim.type, str) else claim.type,
    )


def owner(value: str, what: str) -> str:
    """Return a project or a user. Raises Invalid if it is empty, too long, or has control characters."""
    if not value:
        raise Invalid(f"{what} is missing")
    return checked_text(value, what)


def consumer_type(value: str) -> str:
    """Return a consumer type: at most 255 characters of A-Z, 0-9 and _. Raises Invalid."""
    if len(value) > NAME_LENGTH or _TYPE.fullmatch(value) is None:
        raise Invalid(f"{value[:NAME_LENGTH]!r} is not a consumer type: use A-Z, 0-9 and _")
    return value


_VALIDATORS: Final[dict[type[Command], Callable[[Any], Command]]] = {
    commands.CreateProvider: _create_provider,
    commands.UpdateProvider: _update_provider,
    commands.DeleteProvider: _provider_command,
    commands.SetInventories: _set_inventories,
    commands.AddInventory: _one_inventory,
    commands.UpdateInventory: _one_inventory,
    commands.DeleteInventory: _provider_command,
    commands.SetTraits: _provider_command,
    commands.SetAggregates: _set_aggregates,
    commands.SetAllocations: _set_allocations,
    commands.Allocate: _allocate,
    commands.ReleaseAllocations: _release,
    commands.Reshape: _reshape,
    commands.PutRecords: _put_records,
}
"""The validator of each command. Commands not listed name only a class or a trait, which the ledger checks."""
