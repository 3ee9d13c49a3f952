"""The one row that orders all changes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from berth.model.errors import DatabaseUnusable
from berth.model.position import Position
from berth.store.backend import Capabilities
from berth.store.clock import ServerTime
from berth.store.prepared import Prepared
from berth.store.tables import head

REVISIONS: Final = tuple(f"{number:04}" for number in range(1, 13))
"""Every revision of the schema, oldest first; a test compares it with the migrations folder."""


class Head(NamedTuple):
    """The number of the last change, the next unused id, the end of the audit log, and the time.

    at: ledger time of the last commit; server_time: when this was read, by the database's server, 0 if there is none.
    Both are in microseconds since 1970 UTC. beat: how often leases have been written, 0 if there never was one.
    """

    number: int
    next_id: int
    audit_number: int
    audit_hash: str
    at: int = 0
    server_time: int = 0
    beat: int = 0

    @property
    def position(self) -> Position:
        """The end of the history that this is."""
        return Position(self.number, self.audit_number, self.audit_hash)


# No revision may ever remove these columns: by them a process notices that it is too old.
_POSITION = (head.c.number, head.c.next_id, head.c.revision, head.c.audit_number, head.c.audit_hash)
_COLUMNS = (*_POSITION, head.c.at, head.c.beat)
_STATE = select(*_COLUMNS, ServerTime())
READ: Final = _STATE.where(head.c.id == 1)
_ROW = {"row": 1}
_IS_ROW = head.c.id == bindparam("row")
_LOCK = READ.with_for_update()
_MOVE = Prepared(
    update(head)
    .where(
        _IS_ROW,
        head.c.number == bindparam("seen"),
        head.c.audit_number == bindparam("audit_seen"),
        head.c.audit_hash == bindparam("sealed_seen"),
    )
    .values(
        number=bindparam("to"),
        next_id=bindparam("ids"),
        audit_number=bindparam("audit_to"),
        audit_hash=bindparam("sealed"),
        at=bindparam("now"),
        beat=bindparam("beats"),
    )
)


def read(connection: Connection) -> Head:
    """Return the head as this transaction sees it. Raises DatabaseUnusable if its schema is of another version."""
    return head_of(connection.execute(READ).one_or_none())


def lock(connection: Connection, capabilities: Capabilities) -> Head:
    """Lock the head until this transaction ends, so that no other process writes, and return it. Raises as `read`."""
    return head_of(connection.execute(_LOCK if capabilities.row_locks else READ).one_or_none())


def move(connection: Connection, seen: Head, to: Head) -> bool:
    """Move the head, never back in time. Return False if it is not where it was seen."""
    values = {
        **_ROW,
        "seen": seen.number,
        "audit_seen": seen.audit_number,
        "sealed_seen": seen.audit_hash,
        "to": to.number,
        "ids": to.next_id,
        "audit_to": to.audit_number,
        "sealed": to.audit_hash,
        "now": max(seen.at, to.at),
        "beats": max(seen.beat, to.beat),
    }
    return _MOVE.run(connection, [values]) == 1


def head_of(row: Any) -> Head:
    """Return the head in a row of `READ`. Raises DatabaseUnusable if its schema is of another version."""
    if row is None:
        raise DatabaseUnusable("the database no longer holds a ledger: restart Berth to see why")
    number, next_id, revision, audit_number, audit_hash, at, beat, server_time = row
    if revision != REVISIONS[-1]:
        raise DatabaseUnusable(
            f"the database was migrated to revision {revision} while this process ran, which is made for "
            f"{REVISIONS[-1]}: restart Berth, in the version that goes with the database"
        )
    return Head(number, next_id, audit_number, audit_hash, at, server_time, beat)
