"""Validation of commands from outside: canonical uuids, numbers and texts within their bounds.

Every way in validates its commands here. Rules that need the state of the ledger are checked elsewhere.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from berth.model import commands
from berth.model.aggregate import checked_aggregate, checked_aggregate_kind, checked_aggregate_name
from berth.model.commands import Claim, Command, NewInventories
from berth.model.consumer import Resources
from berth.model.consumer_name import checked_consumer_name, checked_note
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditConsumer, EditTraits, NameAggregate, RenameTree
from berth.model.errors import Invalid, InvalidAmount, NameRequired
from berth.model.inventory import Inventory, checked
from berth.model.inventory_edits import EditInventories, given_fields
from berth.model.lease import check_times
from berth.model.lease_commands import MOST_RENEWED, EndLease, GrantLease, RenewLeases
from berth.model.names import parse_uuid
from berth.model.overview import ProviderFilter
from berth.model.releases import MOST_RELEASED, ReleaseMatching
from berth.model.request_validation import validated_drain, validated_provider_filter, validated_request
from berth.model.term import Term
from berth.model.text import checked_text, consumer_owner, consumer_type
from berth.model.types import typed

PROVIDER_NAME_LENGTH: Final = 200
"""The most characters of a provider's name (Placement's limit)."""

MOST_RECORDS: Final = 5_000
"""How many records one command may have: `berth import` sends 1,000."""

MOST_CLAIMS: Final = 5_000
"""How many claims one command may have."""


def validated(command: Command) -> Command:
    """Return a command in canonical form. Raises Invalid if a value is illegal, or not of its type."""
    command = typed(command, type(command))
    check_size(command)
    validator = _VALIDATORS.get(type(command))
    result: Command = command if validator is None else validator(command)
    return result


def check_size(command: Command) -> None:
    """Raise Invalid if a command has more records or claims than others can wait for."""
    match command:
        case commands.PutRecords(records=parts):
            most, what = MOST_RECORDS, "records"
        case commands.SetAllocations(claims=parts) | commands.Reshape(claims=parts):
            most, what = MOST_CLAIMS, "claims"
        case ReleaseMatching(consumers=tuple(parts)):
            most, what = MOST_RELEASED, "consumers"
        case RenewLeases(uuids=parts):
            most, what = MOST_RENEWED, "leases"
        case _:
            return
    if len(parts) > most:
        raise Invalid(f"{len(parts):,} {what} are too many for one command: at most {most:,}")


def canonical_uuid(uuid: str) -> str:
    """Return the canonical spelling of a uuid. Raises Invalid if it is not a uuid."""
    canonical = parse_uuid(uuid)
    if canonical is None:
        raise Invalid(f"{uuid!r} is not a uuid")
    return canonical


def spelled_uuids(uuids: Iterable[str]) -> tuple[str, ...]:
    """Return each uuid once, in the first of its spellings that is given. Raises Invalid for what is not a uuid.

    A spelling longer than the usual form, which Placement cannot store, becomes the usual form.
    """
    return _spelled(uuids, canonical_uuid)


def spelled_aggregates(aggregates: Iterable[str]) -> tuple[str, ...]:
    """Return each uuid as `spelled_uuids` does, and each name of an aggregate once. Raises Invalid for others."""
    return _spelled(aggregates, checked_aggregate)


def _spelled(aggregates: Iterable[str], canonical: Callable[[str], str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for given in aggregates:
        uuid = canonical(given)
        first.setdefault(uuid, given if len(given) <= len(uuid) else uuid)
    return tuple(first.values())


def _uuid_command(command: Any) -> Command:
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
    if name == "":
        raise NameRequired
    return replace(
        command,
        uuid=canonical_uuid(command.uuid),
        name=checked_text(name, "the provider's name", PROVIDER_NAME_LENGTH) if isinstance(name, str) else name,
        parent=canonical_uuid(parent) if isinstance(parent, str) else parent,
    )


def _rename_tree(command: RenameTree) -> Command:
    if not command.name:
        raise NameRequired
    name = checked_text(command.name, "the provider's name", PROVIDER_NAME_LENGTH)
    return replace(command, uuid=canonical_uuid(command.uuid), name=name)


def _set_inventories(command: commands.SetInventories) -> Command:
    return replace(command, uuid=canonical_uuid(command.uuid), inventories=_inventories(command.inventories))


def _one_inventory(command: commands.AddInventory | commands.UpdateInventory) -> Command:
    return replace(command, uuid=canonical_uuid(command.uuid), inventory=checked(command.inventory))


def _set_aggregates(command: commands.SetAggregates) -> Command:
    return replace(command, uuid=canonical_uuid(command.uuid), aggregates=spelled_aggregates(command.aggregates))


def _edit_traits(command: EditTraits) -> Command:
    _check_edit(command.add, command.remove)
    return replace(command, uuid=canonical_uuid(command.uuid))


def _edit_aggregates(command: EditAggregates) -> Command:
    add, remove = spelled_aggregates(command.add), spelled_aggregates(command.remove)
    _check_edit(frozenset(map(checked_aggregate, add)), frozenset(map(checked_aggregate, remove)))
    return replace(command, uuid=canonical_uuid(command.uuid), add=add, remove=remove)


def _name_aggregate(command: NameAggregate) -> Command:
    kind = command.kind
    return replace(
        command,
        uuid=checked_aggregate(command.uuid),
        name=None if command.name is None else checked_aggregate_name(command.name),
        kind=checked_aggregate_kind(kind) if isinstance(kind, str) else kind,
    )


def _check_edit(add: frozenset[str], remove: frozenset[str]) -> None:
    """Raise Invalid if an edit names nothing, or the same name to add and to remove."""
    if not add | remove:
        raise Invalid("an edit needs at least one name to add or to remove", at="/add")
    if both := sorted(add & remove):
        raise Invalid(f"{both[0]} cannot be both added and removed", at="/remove")


def _edit_inventories(command: EditInventories) -> Command:
    fields, where = given_fields(command.fields), command.where
    if not fields:
        raise Invalid("an edit needs at least one field to set", at="/fields")
    checked(replace(Inventory(1), **fields))
    if where is None:
        return command
    if where == ProviderFilter():
        raise Invalid("the filter is empty: give a condition, or null for every provider", at="/where")
    return replace(command, where=validated_provider_filter(where))


def _set_allocations(command: commands.SetAllocations) -> Command:
    return replace(command, claims=_claims(command.claims))


def _allocate(command: commands.Allocate) -> Command:
    return replace(
        command,
        request=validated_request(command.request, "/request"),
        consumer=canonical_uuid(command.consumer),
        project=consumer_owner(command.project, "the project"),
        user=consumer_owner(command.user, "the user"),
        type=None if command.type is None else consumer_type(command.type),
        term=_term(command.term),
        **_named(command),
    )


def _named(given: commands.Allocate | Claim | EditConsumer) -> dict[str, Any]:
    """Return the name and the note that are given, checked."""
    return {
        field: check(value)
        for field, check in (("name", checked_consumer_name), ("note", checked_note))
        if isinstance(value := getattr(given, field), str)
    }


def _edit_consumer(command: EditConsumer) -> Command:
    if isinstance(command.name, commands.Keep) and isinstance(command.note, commands.Keep):
        raise Invalid("an edit of a consumer needs a name or a note", at="/name")
    return replace(command, consumer=canonical_uuid(command.consumer), **_named(command))


def _release(command: commands.ReleaseAllocations) -> Command:
    return replace(command, consumer=canonical_uuid(command.consumer))


def _release_matching(command: ReleaseMatching) -> Command:
    _check_selection(command)
    given = command.consumers
    holders_of, on, after = (
        None if uuid is None else canonical_uuid(uuid) for uuid in (command.holders_of, command.on, command.after)
    )
    return replace(
        command,
        consumers=None if given is None else tuple(dict.fromkeys(map(canonical_uuid, given))),
        project=None if command.project is None else consumer_owner(command.project, "the project"),
        holders_of=holders_of,
        on=on,
        after=after,
    )


def _check_selection(command: ReleaseMatching) -> None:
    """Raise Invalid if a release does not say whose holdings, or is of too many."""
    if (command.consumers, command.project, command.holders_of, command.on) == (None, None, None, None):
        raise Invalid("give at least one of consumers, project, holders_of and on")
    if not 1 <= command.limit <= MOST_RELEASED:
        raise Invalid(f"the limit must be from 1 to {MOST_RELEASED:,}, not {command.limit}", at="/limit")


def _confirm(command: commands.Confirm) -> Command:
    given = command.allocations
    return replace(
        command,
        consumer=canonical_uuid(command.consumer),
        allocations=given if isinstance(given, commands.Keep) else _confirmed(given),
        onto=None if command.onto is None else canonical_uuid(command.onto),
    )


def _confirmed(given: dict[str, Resources]) -> dict[str, Resources]:
    if not given:
        raise Invalid("there is nothing to confirm: release the hold instead", at="/allocations")
    return _allocations(given)


def _extend(command: commands.Extend) -> Command:
    return replace(command, consumer=canonical_uuid(command.consumer))


def _term(term: Term | commands.Keep) -> Term | commands.Keep:
    if isinstance(term, commands.Keep) or (term.replaces is None and term.lease is None):
        return term
    replaces, lease = (None if uuid is None else canonical_uuid(uuid) for uuid in (term.replaces, term.lease))
    return replace(term, replaces=replaces, lease=lease)


def _grant_lease(command: GrantLease) -> Command:
    grace = command.ttl if command.grace is None else command.grace
    check_times(command.ttl, grace)
    if not command.name:
        raise Invalid("a lease needs a name", at="/name")
    return replace(
        command,
        uuid=canonical_uuid(command.uuid),
        name=checked_text(command.name, "the lease's name"),
        project=consumer_owner(command.project, "the project"),
        grace=grace,
    )


def _renew_leases(command: RenewLeases) -> Command:
    if not command.uuids:
        raise Invalid("no lease is named", at="/uuids")
    return replace(command, uuids=tuple(dict.fromkeys(map(canonical_uuid, command.uuids))))


def _undo(command: commands.Undo) -> Command:
    if not 1 <= command.change < 2**62:
        raise Invalid(f"{command.change} is not the number of a change", at="/change")
    return command


def _reshape(command: commands.Reshape) -> Command:
    inventories = tuple(
        NewInventories(
            uuid=canonical_uuid(each.uuid), inventories=_inventories(each.inventories), generation=each.generation
        )
        for each in command.inventories
    )
    if len({each.uuid for each in inventories}) < len(inventories):
        raise Invalid("a reshape names the same provider twice", at="/inventories")
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
    return replace(
        claim,
        consumer=canonical_uuid(claim.consumer),
        allocations=_allocations(claim.allocations),
        project=consumer_owner(claim.project, "the project"),
        user=consumer_owner(claim.user, "the user"),
        type=consumer_type(claim.type) if isinstance(claim.type, str) else claim.type,
        term=_term(claim.term),
        **_named(claim),
    )


def _allocations(given: dict[str, Resources]) -> dict[str, Resources]:
    allocations = {canonical_uuid(uuid): resources for uuid, resources in given.items()}
    if len(allocations) != len(given):
        raise Invalid("a claim names the same provider twice")
    for resources in allocations.values():
        if not resources or min(resources.values()) < 1:
            raise InvalidAmount("a claim needs at least one class for each provider, with an amount of at least 1")
    return allocations


_VALIDATORS: Final[dict[type[Command], Callable[[Any], Command]]] = {
    commands.CreateProvider: _create_provider,
    commands.UpdateProvider: _update_provider,
    commands.DeleteProvider: _uuid_command,
    DeleteTree: _uuid_command,
    RenameTree: _rename_tree,
    commands.SetInventories: _set_inventories,
    commands.AddInventory: _one_inventory,
    commands.UpdateInventory: _one_inventory,
    commands.DeleteInventory: _uuid_command,
    commands.SetTraits: _uuid_command,
    commands.SetAggregates: _set_aggregates,
    EditInventories: _edit_inventories,
    Drain: validated_drain,
    Undrain: validated_drain,
    EditTraits: _edit_traits,
    EditAggregates: _edit_aggregates,
    NameAggregate: _name_aggregate,
    EditConsumer: _edit_consumer,
    commands.SetAllocations: _set_allocations,
    commands.Allocate: _allocate,
    commands.ReleaseAllocations: _release,
    ReleaseMatching: _release_matching,
    commands.Confirm: _confirm,
    commands.Extend: _extend,
    commands.Undo: _undo,
    commands.Reshape: _reshape,
    commands.PutRecords: _put_records,
    GrantLease: _grant_lease,
    RenewLeases: _renew_leases,
    EndLease: _uuid_command,
}
"""The validator of each command. Commands not listed name only a class or a trait, which the ledger checks."""
