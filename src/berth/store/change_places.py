"""Changes with their places: the seal of its audit record tells one history's change 41 from another's."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from sqlalchemy import Connection, bindparam, select

from berth.model.change import Change
from berth.model.cursor import Cursor, PlacedChange, tag_of
from berth.store.changes import change_of
from berth.store.tables import audit, changes

_AFTER = (
    select(changes.c.number, changes.c.at, changes.c.operation, changes.c.actor, changes.c.request, changes.c.facts)
    .where(changes.c.number > bindparam("number"))
    .order_by(changes.c.number)
    .limit(bindparam("most"))
)
_FEW_AT_ONCE: Final = {"yield_per": 20}

_MOMENT = select(changes.c.at).where(changes.c.number == bindparam("number"))
# By the time of both, which has an index: a change and its record are written with the same one.
_SEALS = select(audit.c.change, audit.c.hash).where(
    audit.c.at.between(bindparam("first_at"), bindparam("last_at")),
    audit.c.change.between(bindparam("first"), bindparam("last")),
)


def page(connection: Connection, after: int, most: int, most_bytes: int) -> list[PlacedChange]:
    """Return the next changes after a number: at most `most`, and of facts at most `most_bytes`, but at least one."""
    read: list[Change] = []
    values = {"number": after, "most": most}
    with closing(connection.execute(_AFTER, values, execution_options=_FEW_AT_ONCE)) as rows:
        for row in rows:
            most_bytes -= len(row.facts)
            if read and most_bytes < 0:
                break
            read.append(change_of(row))
    tags = _tags(connection, [(each.number, each.at) for each in read])
    return [PlacedChange(Cursor(each.number, tags.get(each.number, "")), each) for each in read]


def place(connection: Connection, number: int) -> Cursor:
    """Return the place behind a change. It has no tag if there is no such change, or its record was archived."""
    at = connection.execute(_MOMENT, {"number": number}).scalar()
    return Cursor(number, "" if at is None else _tags(connection, [(number, at)]).get(number, ""))


def _tags(connection: Connection, moments: list[tuple[int, int]]) -> dict[int, str]:
    """Return the tags of consecutive changes, by their numbers. moments: the numbers and times of the changes."""
    if not moments:
        return {}
    times = [at for _, at in moments]
    span = {"first_at": min(times), "last_at": max(times), "first": moments[0][0], "last": moments[-1][0]}
    return {number: tag_of(sealed) for number, sealed in connection.execute(_SEALS, span)}
