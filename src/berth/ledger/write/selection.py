"""The consumers that a ReleaseMatching is about: read with the head locked, so that nothing comes between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.subtree import subtree_of
from berth.model.commands import Command
from berth.model.releases import ReleaseMatching
from berth.store import consumer_pages

_NONE: Final[Sequence[str]] = ()


def select_consumers(connection: Connection, fleet: Fleet, commands: Sequence[Command]) -> Sequence[str]:
    """Return the uuids of the consumers that may match, at least one page and one more. It is alone in its batch."""
    command = commands[0] if len(commands) == 1 else None
    if not isinstance(command, ReleaseMatching):
        return _NONE
    if command.consumers is not None:
        return command.consumers
    holding = [_provider_ids(fleet, uuid) for uuid in (command.holders_of, command.on) if uuid is not None]
    most, now = command.limit + 1, fleet.lapses.instant
    return consumer_pages.uuids(connection, command.project, holding, command.after or "", most, now)


def _provider_ids(fleet: Fleet, uuid: str) -> list[int]:
    """Return the ids of a provider and of all below it; none if there is no such provider, which is refused later."""
    if uuid not in fleet.slot_of:
        return []
    return [int(fleet.id.values[fleet.slot_of[each]]) for each in subtree_of(fleet, uuid)]
