"""The identity of a history: whether what a database holds continues what this process knows."""

from __future__ import annotations

import enum

from sqlalchemy import Connection

from berth.model.position import Position
from berth.store import audit, checkpoints


class Continuity(enum.Enum):
    """How a history in the database relates to a known end.

    SAME: it contains it; BEHIND: it ends earlier; OTHER: it has another record there; ARCHIVED: the record is gone.
    """

    SAME = enum.auto()
    BEHIND = enum.auto()
    OTHER = enum.auto()
    ARCHIVED = enum.auto()


def continuity(connection: Connection, known: Position, found: Position) -> Continuity:
    """Compare the history that this transaction sees, which ends at `found`, with an end that was known before."""
    if found.audit_number < known.audit_number:
        return Continuity.BEHIND
    if found.audit_number == known.audit_number:
        return Continuity.SAME if found.audit_hash == known.audit_hash else Continuity.OTHER
    if known.audit_number == 0 or audit.has(connection, known.audit_number, known.audit_hash):
        return Continuity.SAME
    oldest = audit.first_since(connection, None)
    if oldest is None or oldest <= known.audit_number:
        return Continuity.OTHER
    return Continuity.SAME if _is_end_of_archive(connection, known) else Continuity.ARCHIVED


def _is_end_of_archive(connection: Connection, known: Position) -> bool:
    """Whether the last archive ends with this record, by the record that covers the archive."""
    sealed = checkpoints.last(connection)
    covering = audit.operation_at(connection, sealed.audit_number - 1)
    return covering is not None and covering[1:] == (str(known.audit_number), known.audit_hash)
