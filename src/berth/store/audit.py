"""The audit log: appended to with each commit, every record sealed with the hash of the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, null, select

from berth.model.audit import AuditRecord
from berth.model.caller import Caller
from berth.model.text import log_text
from berth.store import audit_index
from berth.store.changes import facts_of
from berth.store.prepared import inserting
from berth.store.tables import audit, changes

_APPEND = inserting(audit)
_WITH_FACTS = select(audit, changes.c.facts).select_from(audit).outerjoin(changes, audit.c.change == changes.c.number)
_WITHOUT_FACTS = select(*(null().label(each.name) if each is audit.c.before else each for each in audit.c)).add_columns(
    null().label("facts")
)
# Each by itself: of both at once SQLite reads every record.
_ENDS = select(select(func.min(audit.c.number)).scalar_subquery(), select(func.max(audit.c.number)).scalar_subquery())
_PAGE: Final = 10_000
_SEALED: Final = (
    "number",
    "at",
    "request",
    "actor",
    "via",
    "user",
    "project",
    "roles",
    "address",
    "operation",
    "target",
    "outcome",
    "why",
    "change",
)
"""What a record's hash is over, in this order; then what was before, and what the change log says."""

_encode = msgspec.json.Encoder().encode


def seal(previous: str, row: dict[str, Any], facts: str | None) -> str:
    """The hash of a record. previous: that of the record before; facts: as the change log has them, to the letter."""
    said = _encode([previous, *[row[name] for name in _SEALED]])
    before = row["before"] or ""
    return sha256(b"\n".join((said, before.encode(), (facts or "").encode()))).hexdigest()


class Chain:
    """New records for the end of the log. number, hash: of the last one that is there."""

    def __init__(self, number: int, sealed: str) -> None:
        self.number, self.hash = number, sealed
        self.rows: list[dict[str, Any]] = []
        self.listed: list[dict[str, Any]] = []

    def add(
        self,
        at: int,
        caller: Caller,
        request: str,
        operation: str,
        target: str,
        *,
        outcome: str = "done",
        why: str = "",
        change: int | None = None,
        before: str | None = None,
        facts: str | None = None,
        about: Collection[str] = (),
    ) -> None:
        """Seal one more record. about: uuids of the providers and consumers that it is about."""
        self.number += 1
        row: dict[str, Any] = {
            "number": self.number,
            "at": at,
            "request": log_text(request),
            "actor": log_text(caller.called),
            "via": caller.via[:16],
            "user": log_text(caller.user),
            "project": log_text(caller.project),
            "roles": log_text(",".join(sorted(caller.roles))),
            "address": log_text(caller.address)[:64],
            "operation": operation[:64],
            "target": log_text(target),
            "outcome": outcome[:16],
            "why": log_text(why),
            "change": change,
            "before": before,
        }
        row["hash"] = self.hash = seal(self.hash, row, facts)
        self.rows.append(row)
        if len(about) > audit_index.MANY:
            self.listed += audit_index.rows_of(self.number, about)


def append(connection: Connection, chain: Chain) -> None:
    """Write a chain's new records."""
    if chain.rows:
        _APPEND.run(connection, chain.rows)
        audit_index.append(connection, chain.listed, chain.number - len(chain.rows), chain.number)


def has(connection: Connection, number: int, sealed: str) -> bool:
    """Whether the log has just this record at this place."""
    return connection.execute(select(audit.c.hash).where(audit.c.number == number)).scalar() == sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records, newest first; after: oldest first, from the record after this number on.

    since, until: microseconds since 1970, the latter excluded; subject: a provider's or consumer's uuid; before: a
    record's number; facts: false leaves what was before and after in the database, which may be much.
    """

    since: int | None = None
    until: int | None = None
    actor: str | None = None
    subject: str | None = None
    operation: str | None = None
    outcome: str | None = None
    before: int | None = None
    after: int | None = None
    most: int | None = 100
    facts: bool = True


def records(connection: Connection, wanted: AuditFilter) -> list[AuditRecord]:
    """The records that are wanted."""
    selected = (_WITH_FACTS if wanted.facts else _WITHOUT_FACTS).where(*_conditions(wanted))
    selected = selected.order_by(audit.c.number if wanted.after is not None else audit.c.number.desc())
    if wanted.subject is None:
        return [_record(row) for row in connection.execute(selected.limit(wanted.most))]
    found: list[AuditRecord] = []
    for numbers in _about(connection, wanted):
        some = selected.where(audit.c.number.in_(numbers))
        if wanted.most is not None:
            some = some.limit(wanted.most - len(found))
        found += [_record(row) for row in connection.execute(some)]
        if len(found) == wanted.most:
            break
    return found


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    """All but what they are about."""
    pairs = ((audit.c.actor, wanted.actor), (audit.c.operation, wanted.operation), (audit.c.outcome, wanted.outcome))
    yield from (column == value for column, value in pairs if value is not None)
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
    if wanted.before is not None:
        yield audit.c.number < wanted.before
    if wanted.after is not None:
        yield audit.c.number > wanted.after


def _about(connection: Connection, wanted: AuditFilter) -> Iterator[list[int]]:
    """The numbers of the records about a subject, in the order that is wanted, without looking where none can be."""
    assert wanted.subject is not None
    first, last = connection.execute(_ENDS).one()
    if wanted.since is not None:
        first = first_since(connection, wanted.since)
    if first is None:
        return iter(())
    if wanted.after is not None:
        first = max(first, wanted.after + 1)
    if wanted.before is not None:
        last = min(last, wanted.before - 1)
    return audit_index.numbers(connection, wanted.subject, first, last, upwards=wanted.after is not None)


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it is stored. facts: its change's, to the letter; subjects: what it is listed under, if known."""

    row: dict[str, Any]
    facts: str | None
    subjects: set[str] | None


class Last(NamedTuple):
    """A record's number and hash."""

    number: int
    hash: str


def stored(connection: Connection, up_to: int | None = None) -> Iterator[Stored]:
    """Every record (up to a number) in order, as a stream."""
    wanted = _WITH_FACTS if up_to is None else _WITH_FACTS.where(audit.c.number <= up_to)
    after, still_open = 0, audit_index.open_block(connection)
    while page := connection.execute(wanted.where(audit.c.number > after).order_by(audit.c.number).limit(_PAGE)).all():
        listed = audit_index.listed(connection, after, page[-1].number)
        for row in page:
            values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
            facts = values.pop("facts")
            full = row.number // audit_index.BLOCK < still_open
            yield Stored(values, facts, listed.get(row.number, set() if full else None))
        after = page[-1].number


def page(connection: Connection, after: int, most: int) -> list[Stored]:
    """At most so many records after this number, in order, without what they are listed under."""
    wanted = _WITH_FACTS.where(audit.c.number > after).order_by(audit.c.number).limit(most)
    found = []
    for row in connection.execute(wanted).mappings():
        values = dict(row)
        facts = values.pop("facts")
        found.append(Stored(values, facts, None))
    return found


def first_since(connection: Connection, moment: int | None) -> int | None:
    """The number of the first record of at or after a moment (None: of all); None if there is none."""
    if moment is None:
        wanted = select(func.min(audit.c.number))
    else:
        # Of the bare number, databases walk along all older records to the first that is late enough.
        wanted = select(func.min(audit.c.number + 0)).where(audit.c.at >= moment)
    found: int | None = connection.execute(wanted).scalar()
    return found


def last_before(connection: Connection, moment: int) -> Last | None:
    """The last record of before a moment, None if there is none."""
    wanted = select(audit.c.number, audit.c.hash).where(audit.c.at < moment).order_by(audit.c.number.desc()).limit(1)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else Last(*row)


def drop(connection: Connection, number: int) -> None:
    """Take away every record up to this number."""
    audit_index.drop(connection, number)
    connection.execute(delete(audit).where(audit.c.number <= bindparam("last")), {"last": number})


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        number=row.number,
        at=row.at,
        request=row.request,
        actor=row.actor,
        via=row.via,
        user=row.user,
        project=row.project,
        roles=tuple(filter(None, row.roles.split(","))),
        address=row.address,
        operation=row.operation,
        target=row.target,
        outcome=row.outcome,
        why=row.why,
        change=row.change,
        before=facts_of(row.before),
        after=facts_of(row.facts),
        hash=row.hash,
    )
