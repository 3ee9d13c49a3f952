"""The one row that orders all changes."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from berth.store.engine import Capabilities
from berth.store.prepared import Prepared
from berth.store.tables import head


class Head(NamedTuple):
    """The number of the last change, and the next id to give out."""

    number: int
    next_id: int


_READ = select(head.c.number, head.c.next_id).where(head.c.id == 1)
_LOCK = _READ.with_for_update()
_MOVE = Prepared(
    update(head)
    .where(head.c.id == bindparam("key"), head.c.number == bindparam("seen"))
    .values(number=bindparam("to"), next_id=bindparam("ids")),
    (),
)


def read(connection: Connection) -> Head:
    """The head as this transaction sees it."""
    return Head(*connection.execute(_READ).one())


def lock(connection: Connection, capabilities: Capabilities) -> Head:
    """The head, locked until this transaction ends: no other process writes meanwhile."""
    return Head(*connection.execute(_LOCK if capabilities.row_locks else _READ).one())


def move(connection: Connection, seen: Head, to: Head) -> bool:
    """Move the head on; False if it is not where it was seen."""
    return _MOVE.run(connection, [{"key": 1, "seen": seen.number, "to": to.number, "ids": to.next_id}]) == 1
