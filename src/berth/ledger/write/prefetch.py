"""What a batch needs from the database before it is decided: one query per table, never one per command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.decide import KEPT_BY_CONSUMERS
from berth.ledger.write.decide.lapses import BESIDE_CLAIMS, MOST_AT_ONCE
from berth.ledger.write.draft_entities import DraftConsumer, Prefetched
from berth.ledger.write.lease_prefetch import LeaseMoment, find_leases, read_leases
from berth.ledger.write.selection import select_consumers
from berth.model.commands import (
    Allocate,
    Command,
    Confirm,
    CreateToken,
    Extend,
    Lapse,
    ReleaseAllocations,
    Reshape,
    RevokeToken,
    RotateToken,
    SetAllocations,
    Undo,
)
from berth.model.edits import EditConsumer
from berth.model.ended_consumer import EndedConsumer
from berth.model.reconciliation import Reconcile
from berth.model.releases import ReleaseMatching
from berth.model.term import Span
from berth.model.token import Token
from berth.store import consumers, endings, tokens
from berth.store.consumers import ConsumerRow

_OF_TOKENS: Final = frozenset({CreateToken, RevokeToken, RotateToken})
_OF_HOLDS: Final = frozenset({Confirm, Extend})


def prefetch(
    connection: Connection, fleet: Fleet, commands: Iterable[Command], moment: LeaseMoment | None = None
) -> Prefetched:
    """Return what the commands name and the fleet in memory does not have, consumers and API tokens; and what to sweep.

    The fleet must be one of this moment. moment: None leaves leases unswept.
    """
    every = list(commands)
    kinds = set(map(type, every))
    read = [] if _OF_TOKENS.isdisjoint(kinds) else _read_tokens(connection, every)
    undone = _read_endings(connection, every) if Undo in kinds else {}
    named = dict.fromkeys(uuid for command in every for uuid in _consumer_uuids(command))
    if ReleaseMatching in kinds:
        named.update(dict.fromkeys(select_consumers(connection, fleet, every)))
    named.update(dict.fromkeys(each.consumer for ended in undone.values() for each in ended))
    found = find_leases(connection, fleet, every, moment)
    named.update(dict.fromkeys(found.consumers))
    if fleet.lapses.lapsed:
        named.update(dict.fromkeys(_to_sweep(fleet, every)))
    known = _read_consumers(connection, fleet, named)
    replaced = {each.span.replaces for each in known if each.span and each.span.replaces}
    if missing := [uuid for uuid in replaced.difference(each.uuid for each in known) if uuid]:
        known += _read_consumers(connection, fleet, missing)
    ended = {} if _OF_HOLDS.isdisjoint(kinds) else _read_ended(connection, every, known)
    if not (found.named or found.to_sweep or fleet.leased.lease_of):
        return Prefetched(known, read, ended, undone)
    leases = read_leases(connection, fleet, found, (each.uuid for each in known))
    return Prefetched(known, read, ended, undone, leases, found.to_sweep)


def _to_sweep(fleet: Fleet, commands: Iterable[Command]) -> Iterable[str]:
    """Return the consumers to sweep: all that lapsed if a command may remove what they are of, otherwise the first."""
    lapsed, kinds = fleet.lapses.lapsed, set(map(type, commands))
    if not kinds <= KEPT_BY_CONSUMERS:
        return lapsed
    return islice(lapsed, MOST_AT_ONCE if kinds == {Lapse} else BESIDE_CLAIMS)


def _read_ended(
    connection: Connection, commands: Sequence[Command], known: Iterable[DraftConsumer]
) -> dict[str, EndedConsumer]:
    """Return how those consumers were ended that commands about holds name, and that are there no more."""
    named = {command.consumer for command in commands if isinstance(command, Confirm | Extend)}
    missing = named.difference(each.uuid for each in known) if named else named
    return endings.of_consumers(connection, missing) if missing else {}


def _read_endings(connection: Connection, commands: Iterable[Command]) -> dict[int, list[EndedConsumer]]:
    """Return the consumers that those changes ended which are to be undone."""
    numbers = [command.change for command in commands if isinstance(command, Undo)]
    return endings.of_changes(connection, numbers) if numbers else {}


def _read_tokens(connection: Connection, commands: Iterable[Command]) -> list[Token]:
    names = [command.name for command in commands if isinstance(command, CreateToken | RevokeToken | RotateToken)]
    return tokens.named(connection, names) if names else []


def _read_consumers(connection: Connection, fleet: Fleet, uuids: Iterable[str]) -> list[DraftConsumer]:
    """Return those of these consumers that exist, with what they hold."""
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
            span=_span(row, fleet),
            stored_span=row.span is not None,
            named=row.named,
        )
        for row in rows
    }
    for held in consumers.held_by(connection, by_id):
        by_id[held.consumer_id].held.setdefault(held.provider, {})[fleet.catalogue.name_of(held.class_id)] = held.amount
    return list(by_id.values())


def _span(row: ConsumerRow, fleet: Fleet) -> Span | None:
    """Return the span of a consumer's claim, with its lease."""
    span, lease = row.span, fleet.leased.lease_of.get(row.uuid)
    return span if span is None or lease is None else Span(span.start, span.end, span.deadline, span.replaces, lease)


def _consumer_uuids(command: Command) -> Iterator[str]:
    if isinstance(command, SetAllocations | Reshape):
        yield from (claim.consumer for claim in command.claims)
    elif isinstance(command, ReleaseAllocations | Allocate | Extend | EditConsumer):
        yield command.consumer
    elif isinstance(command, Confirm):
        yield command.consumer
        if command.onto is not None:
            yield command.onto
    elif isinstance(command, Reconcile):
        yield from (orphan.consumer for orphan in command.orphans)
