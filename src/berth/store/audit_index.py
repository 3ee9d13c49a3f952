"""The index of the audit log by subject (provider or consumer), written in blocks.

Indexing every record in its own commit would write to as many places of the index as there are subjects. A full block
is indexed in one piece, and only one block is not indexed yet: its few records are read themselves. A record with many
subjects is indexed at once, so that little has to be read from the open block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select

from berth.model.change import subjects_of
from berth.store.changes import readable
from berth.store.prepared import inserting
from berth.store.tables import audit, audit_subjects, changes

BLOCK: Final = 256
"""How many record numbers a block has. The stored index depends on it: it can never change."""

MANY: Final = 64
"""A record with more subjects than this is indexed at once."""

AT_ONCE: Final = 512
"""How many blocks, or records, one query reads."""

_APPEND = inserting(audit_subjects)
_LAST = select(func.max(audit.c.number))
_INDEXED = select(audit_subjects.c.number, audit_subjects.c.subject).where(
    audit_subjects.c.block.between(bindparam("first_block"), bindparam("last_block")),
    audit_subjects.c.number.between(bindparam("first"), bindparam("last")),
)
_ABOUT = select(audit_subjects.c.number).where(
    audit_subjects.c.block.in_(bindparam("blocks", expanding=True)), audit_subjects.c.subject == bindparam("subject")
)
_NOT_INDEXED = (
    select(audit.c.number, changes.c.facts)
    .join(changes, audit.c.change == changes.c.number)
    .where(
        audit.c.number.between(bindparam("first"), bindparam("last")),
        audit.c.number.not_in(
            select(audit_subjects.c.number).where(audit_subjects.c.block == bindparam("block")).scalar_subquery()
        ),
    )
)
_DROP = delete(audit_subjects).where(
    audit_subjects.c.block.between(bindparam("first_block"), bindparam("last_block")),
    audit_subjects.c.number.between(bindparam("first"), bindparam("last")),
)


def rows_of(number: int, subjects: Iterable[str]) -> list[dict[str, Any]]:
    """Return the index rows of a record."""
    return [{"block": number // BLOCK, "subject": subject, "number": number} for subject in sorted(subjects)]


def append(connection: Connection, rows: list[dict[str, Any]], seen: int, last: int) -> None:
    """Index `rows` now, and every block completed by the records in (`seen`, `last`]."""
    if rows:  # first: records that are indexed by now are skipped below
        _APPEND.run(connection, rows)
    for block in range((seen + 1) // BLOCK, (last + 1) // BLOCK):
        remaining = [row for number, uuids in _not_indexed(connection, block) for row in rows_of(number, uuids)]
        if remaining:
            _APPEND.run(connection, remaining)


def indexed(connection: Connection, after: int, last: int) -> dict[int, set[str]]:
    """Return the indexed subjects of the records in (`after`, `last`]. Those of the open block may be missing."""
    span = {"first_block": (after + 1) // BLOCK, "last_block": last // BLOCK, "first": after + 1, "last": last}
    subjects: dict[int, set[str]] = defaultdict(set)
    for number, subject in connection.execute(_INDEXED, span):
        subjects[number].add(subject)
    return subjects


def open_block(connection: Connection) -> int:
    """Return the block that is not full yet: the commit that fills it will index it."""
    return ((connection.execute(_LAST).scalar() or 0) + 1) // BLOCK


def numbers(connection: Connection, subject: str, first: int, last: int, *, upwards: bool) -> Iterator[list[int]]:
    """Yield the numbers of the records about a subject in pieces, ascending or (not upwards) descending."""
    still_open = open_block(connection)
    blocks = range(first // BLOCK, last // BLOCK + 1)
    pieces = [blocks[at : at + AT_ONCE] for at in range(0, len(blocks), AT_ONCE)]
    for piece in pieces if upwards else reversed(pieces):
        found = set(connection.execute(_ABOUT, {"blocks": list(piece), "subject": subject}).scalars())
        if still_open in piece:
            found.update(number for number, uuids in _not_indexed(connection, still_open) if subject in uuids)
        within = sorted((number for number in found if first <= number <= last), reverse=not upwards)
        yield from (within[at : at + AT_ONCE] for at in range(0, len(within), AT_ONCE))


def drop(connection: Connection, first: int, last: int) -> None:
    """Delete the index of the records from one number to another."""
    span = {"first_block": first // BLOCK, "last_block": last // BLOCK, "first": first, "last": last}
    connection.execute(_DROP, span)


def _not_indexed(connection: Connection, block: int) -> list[tuple[int, set[str]]]:
    """Return the records of a block that are not indexed yet, with their subjects."""
    span = {"block": block, "first": block * BLOCK, "last": (block + 1) * BLOCK - 1}
    return [(number, about(facts)) for number, facts in connection.execute(_NOT_INDEXED, span)]


def about(text: str | None) -> set[str]:
    """Return the subjects of a record from the stored facts of its change, as far as they can be read."""
    return set() if text is None else subjects_of(readable(text)[0])
