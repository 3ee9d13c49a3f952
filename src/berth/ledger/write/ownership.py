"""What a provider-owner may write: the trees that are theirs, as they stand when the command is decided."""

from __future__ import annotations

from collections.abc import Iterator

from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.caller import Caller
from berth.model.change import NameKind
from berth.model.commands import Command
from berth.model.errors import Forbidden
from berth.model.names import parse_uuid

_OF_ONE = (
    commands.DeleteProvider,
    commands.SetInventories,
    commands.AddInventory,
    commands.UpdateInventory,
    commands.DeleteInventory,
    commands.SetTraits,
    commands.SetAggregates,
)


def check_ownership(draft: Draft, caller: Caller, command: Command) -> None:
    """Forbidden, if the caller owns trees and the command writes anything else than those."""
    if caller.trees is None:
        return
    for uuid in _written(draft, command):
        provider = draft.find_provider(uuid)
        root = uuid if provider is None else provider.root
        if root not in caller.trees:
            raise Forbidden(f"{caller.called} may write its own trees only, and {uuid} is in none of them")


def _written(draft: Draft, command: Command) -> Iterator[str]:
    """The providers that a command writes; Forbidden if it writes anything else."""
    if isinstance(command, _OF_ONE):
        yield command.uuid
    elif isinstance(command, commands.CreateProvider):
        yield command.uuid if command.parent is None else command.parent
    elif isinstance(command, commands.UpdateProvider):
        yield command.uuid
        if isinstance(command.parent, str):
            yield command.parent
        elif command.parent is None:
            yield from _becoming_a_root(draft, command.uuid)
    elif isinstance(command, commands.PutRecords):
        yield from _of_records(draft, command)
    else:
        raise Forbidden("an owner of providers may write providers, and nothing else")


def _of_records(draft: Draft, command: commands.PutRecords) -> Iterator[str]:
    """The providers that records are, or come below; those that come in with the same command speak for themselves.

    Each text is looked up just as it will be when the records are put: whatever else a record calls
    itself, it comes below the provider that is there already.
    """
    _check_nothing_is_named(draft, command)
    names = {record.name for record in command.records}
    uuids = {parse_uuid(record.uuid) for record in command.records if record.uuid is not None}
    for record, new in zip(command.records, command.new_uuids, strict=True):
        known = draft.provider_named(record.name) if record.uuid is None else parse_uuid(record.uuid)
        if record.parent is None:
            yield known or new
            continue
        if known is not None and draft.find_provider(known) is not None:
            yield known
        above = parse_uuid(record.parent)
        there = above or draft.provider_named(record.parent)
        if there is not None and draft.find_provider(there) is not None:
            yield there
        elif (above not in uuids) if above is not None else (record.parent not in names):
            yield there or record.parent


def _check_nothing_is_named(draft: Draft, command: commands.PutRecords) -> None:
    """Forbidden, if records name classes or traits that there are not: those would be made, for everybody."""
    for record in command.records:
        for kind, names in ((NameKind.CLASS, record.inventories), (NameKind.TRAIT, record.traits)):
            for name in names:
                if draft.id_of(kind, name) is None:
                    raise Forbidden(f"an owner of providers may not make {name!r}: only what is there can be used")


def _becoming_a_root(draft: Draft, uuid: str) -> Iterator[str]:
    """A provider that leaves its tree has to be one of the caller's roots by itself."""
    provider = draft.find_provider(uuid)
    if provider is not None and provider.root != uuid:
        raise Forbidden("an owner of providers may not take a provider out of its tree")
    yield uuid
