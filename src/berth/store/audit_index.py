"""Which records of the audit log are about which provider or consumer: listed block by block, each once it is full.

To list every record in its own commit would be to write to as many places of an index as there are subjects. A full
block is written in one piece, and only one block is not listed yet: of that the records themselves are read, which are
few. A record with many subjects is listed at once, so that a block never has much to be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select

from berth.model.change import subjects_of
from berth.store.changes import facts_of
from berth.store.prepared import inserting
from berth.store.tables import audit, audit_subjects, changes

BLOCK: Final = 256
"""How many numbers belong to a block. What is stored goes by it: it can never be changed."""

MANY: Final = 64
"""A record with more subjects than this is listed at once."""

AT_ONCE: Final = 512
"""How many blocks, or records, one query asks for."""

_APPEND = inserting(audit_subjects)
_LAST = select(func.max(audit.c.number))
_LISTED = select(audit_subjects.c.number, audit_subjects.c.subject).where(
    audit_subjects.c.block.between(bindparam("first_block"), bindparam("last_block")),
    audit_subjects.c.number.between(bindparam("first"), bindparam("last")),
)
_ABOUT = select(audit_subjects.c.number).where(
    audit_subjects.c.block.in_(bindparam("blocks", expanding=True)), audit_subjects.c.subject == bindparam("subject")
)
_NOT_LISTED = (
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
    audit_subjects.c.block <= bindparam("last_block"), audit_subjects.c.number <= bindparam("last")
)


def rows_of(number: int, subjects: Iterable[str]) -> list[dict[str, Any]]:
    """What lists a record under its subjects."""
    return [{"block": number // BLOCK, "subject": subject, "number": number} for subject in sorted(subjects)]


def append(connection: Connection, rows: list[dict[str, Any]], seen: int, last: int) -> None:
    """List what is to be listed at once, and every block that records after `seen`, up to `last`, have made full."""
    if rows:  # before anything else: what is listed by now is left out below
        _APPEND.run(connection, rows)
    for block in range((seen + 1) // BLOCK, (last + 1) // BLOCK):
        left = [row for number, uuids in _not_listed(connection, block) for row in rows_of(number, uuids)]
        if left:
            _APPEND.run(connection, left)


def listed(connection: Connection, after: int, last: int) -> dict[int, set[str]]:
    """What the records after a number, up to another, are listed under. None of the open block need be."""
    span = {"first_block": (after + 1) // BLOCK, "last_block": last // BLOCK, "first": after + 1, "last": last}
    found: dict[int, set[str]] = defaultdict(set)
    for number, subject in connection.execute(_LISTED, span):
        found[number].add(subject)
    return found


def open_block(connection: Connection) -> int:
    """The block that is not full yet: whoever fills it will list it."""
    return ((connection.execute(_LAST).scalar() or 0) + 1) // BLOCK


def numbers(connection: Connection, subject: str, first: int, last: int, *, upwards: bool) -> Iterator[list[int]]:
    """The numbers of the records about a subject, first to last or (not upwards) the other way, in pieces."""
    still_open = open_block(connection)
    blocks = range(first // BLOCK, last // BLOCK + 1)
    pieces = [blocks[at : at + AT_ONCE] for at in range(0, len(blocks), AT_ONCE)]
    for piece in pieces if upwards else reversed(pieces):
        found = set(connection.execute(_ABOUT, {"blocks": list(piece), "subject": subject}).scalars())
        if still_open in piece:
            found.update(number for number, uuids in _not_listed(connection, still_open) if subject in uuids)
        within = sorted((number for number in found if first <= number <= last), reverse=not upwards)
        yield from (within[at : at + AT_ONCE] for at in range(0, len(within), AT_ONCE))


def drop(connection: Connection, last: int) -> None:
    """Take records up to this number off all lists."""
    connection.execute(_DROP, {"last_block": last // BLOCK, "last": last})


def _not_listed(connection: Connection, block: int) -> list[tuple[int, set[str]]]:
    """The records of a block that are not listed yet, and what they are about."""
    span = {"block": block, "first": block * BLOCK, "last": (block + 1) * BLOCK - 1}
    return [(number, about(facts)) for number, facts in connection.execute(_NOT_LISTED, span)]


def about(text: str | None) -> set[str]:
    """What a record is about whose change's facts are stored so; nothing if somebody has altered them."""
    facts = facts_of(text)
    return set() if facts is None else subjects_of(facts)
