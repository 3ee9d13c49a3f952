"""What a provider-owner may write: its own trees, as they are when the command is decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.caller import Caller
from berth.model.change import NameKind
from berth.model.commands import Command
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditTraits, RenameTree
from berth.model.errors import Forbidden
from berth.model.names import parse_uuid

_SINGLE_PROVIDER_COMMANDS = (
    commands.DeleteProvider,
    commands.SetInventories,
    commands.AddInventory,
    commands.UpdateInventory,
    commands.DeleteInventory,
    commands.SetTraits,
    commands.SetAggregates,
    EditTraits,
    EditAggregates,
    DeleteTree,
    RenameTree,
)


def check_ownership(draft: Draft, trees: Collection[str], caller: Caller, command: Command) -> None:
    """Raise Forbidden if the command writes anything but these trees, which the caller owns."""
    for uuid in _written_providers(draft, command):
        provider = draft.find_provider(uuid)
        root = uuid if provider is None else provider.root
        if root not in trees:
            raise Forbidden(f"{caller.called} may write its own trees only, and {uuid} is in none of them")


def _written_providers(draft: Draft, command: Command) -> Iterator[str]:
    """Yield the providers that a command writes. Raises Forbidden if it writes anything else."""
    if isinstance(command, _SINGLE_PROVIDER_COMMANDS):
        yield command.uuid
    elif isinstance(command, Drain | Undrain) and command.where is None:
        yield from command.providers
    elif isinstance(command, commands.CreateProvider):
        yield command.uuid if command.parent is None else command.parent
    elif isinstance(command, commands.UpdateProvider):
        yield command.uuid
        if isinstance(command.parent, str):
            yield command.parent
        elif command.parent is None:
            yield from _new_root(draft, command.uuid)
    elif isinstance(command, commands.PutRecords):
        yield from _record_providers(draft, command)
    else:
        raise Forbidden("an owner of providers may write providers, and nothing else")


def _record_providers(draft: Draft, command: commands.PutRecords) -> Iterator[str]:
    """Yield the providers that records update, create or come below, except new ones of the same command.

    Each name is looked up exactly as when the records are imported: a parent that exists counts before one that the
    same command creates.
    """
    _check_no_new_names(draft, command)
    names = {record.name for record in command.records}
    uuids = {parse_uuid(record.uuid) for record in command.records if record.uuid is not None}
    for record, new in zip(command.records, command.new_uuids, strict=True):
        uuid = draft.provider_named(record.name) if record.uuid is None else parse_uuid(record.uuid)
        if record.parent is None:
            yield uuid or new
            continue
        if uuid is not None and draft.find_provider(uuid) is not None:
            yield uuid
        parent_uuid = parse_uuid(record.parent)
        parent = parent_uuid
        if parent is None or draft.find_provider(parent) is None:  # a name may look like a uuid
            parent = draft.provider_named(record.parent) or parent_uuid
        if parent is not None and draft.find_provider(parent) is not None:
            yield parent
        elif (parent_uuid not in uuids) if parent_uuid is not None else (record.parent not in names):
            yield parent or record.parent


def _check_no_new_names(draft: Draft, command: commands.PutRecords) -> None:
    """Raise Forbidden if records name classes, traits or aggregates that do not exist: they would be for everyone."""
    for record in command.records:
        for kind, names in ((NameKind.CLASS, record.inventories), (NameKind.TRAIT, record.traits)):
            for name in names:
                if draft.id_of(kind, name) is None:
                    raise Forbidden(f"an owner of providers may not create {name!r}: use what exists")
        for name in record.aggregates:
            if parse_uuid(name) is None and draft.aggregate_names.uuid_of(name) is None:
                raise Forbidden(f"an owner of providers may not name aggregates, and none is named {name!r}")


def _new_root(draft: Draft, uuid: str) -> Iterator[str]:
    """Yield a provider that loses its parent. Raises Forbidden if it is not a root already."""
    provider = draft.find_provider(uuid)
    if provider is not None and provider.root != uuid:
        raise Forbidden("an owner of providers may not take a provider out of its tree")
    yield uuid
