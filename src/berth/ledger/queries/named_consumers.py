"""Consumers by uuid or by name, and by the beginning of either."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.writer import Writer
from berth.model.consumer import ConsumerQuery
from berth.model.consumer_errors import NamedConsumer
from berth.model.consumer_name import checked_consumer_name
from berth.model.errors import MOST_NAMED, ConsumerAmbiguous, ConsumerNotFound, Invalid
from berth.model.names import parse_uuid
from berth.store import consumer_names, consumers
from berth.store.consumers import ConsumerRow

_DIGITS: Final = re.compile(r"[0-9a-f]{1,32}")


class ConsumerNameQueries:
    """Which consumer a name stands for."""

    _writer: Writer

    def consumer_uuid(self, given: str, *, project: str | None = None) -> str:
        """Return a uuid in its usual form, or that of the consumer with this name. project: only of its consumers.

        Raises ConsumerNotFound, ConsumerAmbiguous, Invalid.
        """
        uuid = parse_uuid(given)
        if uuid is not None:
            return uuid
        with self._writer.read_with_rows() as (fleet, connection):
            return consumer_uuid(fleet, connection, given, project)

    def _consumers_named(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self.consumer_uuid(name) for name in names}


def consumer_uuid(fleet: Fleet, connection: Connection, given: str, project: str | None = None) -> str:
    """Return a uuid in its usual form, or that of the consumer with this name; see ConsumerNameQueries."""
    uuid = parse_uuid(given)
    if uuid is not None:
        return uuid
    name = checked_consumer_name(given, "")
    rows = consumer_names.having(connection, name, project, MOST_NAMED + 1, fleet.lapses.instant)
    if not rows:
        raise ConsumerNotFound(name)
    if len(rows) > 1:
        candidates = [_candidate(fleet, connection, row) for row in rows[:MOST_NAMED]]
        raise ConsumerAmbiguous(name, candidates, more=len(rows) > MOST_NAMED)
    return rows[0].uuid


def _candidate(fleet: Fleet, connection: Connection, row: ConsumerRow) -> NamedConsumer:
    providers = {each.provider: None for each in consumers.held_by(connection, [row.id])}
    roots = dict.fromkeys(fleet.names[fleet.root.values[fleet.slot_of[uuid]]] for uuid in providers)
    return NamedConsumer(row.uuid, row.name or "", row.project, sorted(roots)[:MOST_NAMED])


def name_conditions(query: ConsumerQuery) -> dict[str, Any]:
    """Return the fields of a ConsumerFilter about names and uuids. Raises Invalid."""
    return {"name": query.name, "uuids": uuid_range(query.uuid) if query.uuid else None, "text": query.text}


def uuid_range(beginning: str) -> tuple[str, str]:
    """Return the first and the last uuid with this beginning. Raises Invalid.

    Every database compares two whole uuids alike, also one that sorts letters and dashes in its own order.
    """
    digits = beginning.lower().replace("-", "")
    if _DIGITS.fullmatch(digits) is None:
        raise Invalid(f"{beginning!r} is not the beginning of a uuid", "/uuid")
    first, last = (_with_dashes(digits.ljust(32, filler)) for filler in "0f")
    return first, last


def _with_dashes(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
