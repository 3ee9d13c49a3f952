"""The one row that orders all changes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from berth.model.errors import DatabaseUnusable
from berth.store.backend import Capabilities
from berth.store.tables import head

REVISIONS: Final = ("0001", "0002", "0003")
"""Every revision of the schema, oldest first; a test compares it with the migrations folder."""


class Head(NamedTuple):
    """The number of the last change, and the next unused id; for writers, also the end of the audit log."""

    number: int
    next_id: int
    audit_number: int = 0
    audit_hash: str = ""


# No revision may ever remove these three columns: by them a process notices that it is too old.
_READ = select(head.c.number, head.c.next_id, head.c.revision).where(head.c.id == 1)
_READ_ALL = _READ.add_columns(head.c.audit_number, head.c.audit_hash)
_LOCK = _READ_ALL.with_for_update()
_MOVE = (
    update(head)
    .where(head.c.id == 1, head.c.number == bindparam("seen"), head.c.audit_number == bindparam("audit_seen"))
    .values(
        number=bindparam("to"),
        next_id=bindparam("ids"),
        audit_number=bindparam("audit_to"),
        audit_hash=bindparam("sealed"),
    )
)


def read(connection: Connection) -> Head:
    """Return the head as this transaction sees it. Raises DatabaseUnusable if its schema is of another version."""
    return _checked(connection.execute(_READ).one_or_none())


def sealed(connection: Connection) -> Head:
    """Return the head with the end of the audit log, as this transaction sees it."""
    return _checked(connection.execute(_READ_ALL).one_or_none())


def lock(connection: Connection, capabilities: Capabilities) -> Head:
    """Lock the head until this transaction ends, so that no other process writes, and return it. Raises as `read`."""
    return _checked(connection.execute(_LOCK if capabilities.row_locks else _READ_ALL).one_or_none())


def move(connection: Connection, seen: Head, to: Head) -> bool:
    """Move the head. Return False if it is not where it was seen."""
    values = {
        "seen": seen.number,
        "audit_seen": seen.audit_number,
        "to": to.number,
        "ids": to.next_id,
        "audit_to": to.audit_number,
        "sealed": to.audit_hash,
    }
    return connection.execute(_MOVE, values).rowcount == 1


def _checked(row: Any) -> Head:
    if row is None:
        raise DatabaseUnusable("the database holds no ledger any more: restart Berth to see why")
    number, next_id, revision, *audit = row
    if revision != REVISIONS[-1]:
        raise DatabaseUnusable(
            f"the database was migrated to revision {revision} while this process ran, which is made for "
            f"{REVISIONS[-1]}: restart Berth, in the version that goes with the database"
        )
    return Head(number, next_id, *audit)
