"""What a batch needs from the database before it can be decided: one query per table, never one per command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from berth.fleet.state.catalogue import Catalogue
from berth.ledger.write.draft import DraftConsumer, Prefetched
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


def known_of(connection: Connection, catalogue: Catalogue, commands: Iterable[Command]) -> Prefetched:
    """Whatever these commands name that the fleet in memory does not have: consumers, and API tokens."""
    every = list(commands)
    return Prefetched(_consumers_of(connection, catalogue, every), _tokens_of(connection, every))


def _tokens_of(connection: Connection, commands: Iterable[Command]) -> list[Token]:
    names = [command.name for command in commands if isinstance(command, CreateToken | RevokeToken | RotateToken)]
    return tokens.named(connection, names) if names else []


def _consumers_of(connection: Connection, catalogue: Catalogue, commands: Iterable[Command]) -> list[DraftConsumer]:
    """The consumers that these commands name, with what they hold: those of them that exist."""
    uuids = dict.fromkeys(uuid for command in commands for uuid in _named(command))
    rows = consumers.by_uuid(connection, uuids) if uuids else []
    found = {
        row.id: DraftConsumer(
            id=row.id,
            uuid=row.uuid,
            generation=row.generation,
            project=row.project,
            user=row.user,
            type=None if row.type_id is None else catalogue.name_of(row.type_id),
            held={},
            stored=True,
            stored_held=True,
        )
        for row in rows
    }
    for held in consumers.held_by(connection, found) if found else ():
        found[held.consumer_id].held.setdefault(held.provider, {})[catalogue.name_of(held.class_id)] = held.amount
    return list(found.values())


def _named(command: Command) -> Iterator[str]:
    if isinstance(command, SetAllocations | Reshape):
        yield from (claim.consumer for claim in command.claims)
    elif isinstance(command, ReleaseAllocations | Allocate):
        yield command.consumer
