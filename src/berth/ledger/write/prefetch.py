"""What a batch needs from the database before it is decided: one query per table, never one per command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from berth.fleet.state.catalogue import Catalogue
from berth.ledger.write.draft_entities import DraftConsumer, Prefetched
from berth.model.commands import (
    Allocate,
    Command,
    CreateToken,
    ReleaseAllocations,
    Reshape,
    RevokeToken,
    RotateToken,
    SetAllocations,
)
from berth.model.token import Token
from berth.store import consumers, tokens


def prefetch(connection: Connection, catalogue: Catalogue, commands: Iterable[Command]) -> Prefetched:
    """Return what the commands name and the fleet in memory does not have: consumers and API tokens."""
    every = list(commands)
    read = _read_tokens(connection, every)
    return Prefetched(_read_consumers(connection, catalogue, every), read)


def _read_tokens(connection: Connection, commands: Iterable[Command]) -> list[Token]:
    names = [command.name for command in commands if isinstance(command, CreateToken | RevokeToken | RotateToken)]
    return tokens.named(connection, names) if names else []


def _read_consumers(connection: Connection, catalogue: Catalogue, commands: Iterable[Command]) -> list[DraftConsumer]:
    """Return the existing consumers that the commands name, with what they hold."""
    uuids = dict.fromkeys(uuid for command in commands for uuid in _consumer_uuids(command))
    rows = consumers.by_uuid(connection, uuids) if uuids else []
    if not rows:
        return []
    by_id = {
        row.id: DraftConsumer(
            id=row.id,
            uuid=row.uuid,
            generation=row.generation,
            project=row.project,
            user=row.user,
            type_id=row.type_id,
            held={},
            stored=True,
            stored_held=True,
        )
        for row in rows
    }
    for held in consumers.held_by(connection, by_id):
        by_id[held.consumer_id].held.setdefault(held.provider, {})[catalogue.name_of(held.class_id)] = held.amount
    return list(by_id.values())


def _consumer_uuids(command: Command) -> Iterator[str]:
    if isinstance(command, SetAllocations | Reshape):
        yield from (claim.consumer for claim in command.claims)
    elif isinstance(command, ReleaseAllocations | Allocate):
        yield command.consumer
