"""The audit log: appended to with each commit, every record sealed with the hash of the one before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, null, select

from berth.model.audit import AuditRecord, summary_of
from berth.model.caller import Caller
from berth.model.change import Change, Facts
from berth.model.text import log_text
from berth.store import audit_index
from berth.store.changes import change_of, facts_of
from berth.store.prepared import inserting
from berth.store.tables import audit, changes

_APPEND = inserting(audit)
_WITH_FACTS = select(audit, changes.c.facts).select_from(audit).outerjoin(changes, audit.c.change == changes.c.number)
_WITHOUT_FACTS = select(*(null().label(each.name) if each is audit.c.before else each for each in audit.c)).add_columns(
    null().label("facts")
)
_WITH_SUMMARY = (
    select(*(each for each in audit.c if each is not audit.c.before), null().label("before"), changes.c.facts)
    .select_from(audit)
    .outerjoin(changes, audit.c.change == changes.c.number)
)
# One at a time: for both at once SQLite reads every record.
_ENDS = select(select(func.min(audit.c.number)).scalar_subquery(), select(func.max(audit.c.number)).scalar_subquery())
_NEXT = _WITH_FACTS.where(audit.c.number > bindparam("after")).order_by(audit.c.number).limit(bindparam("most"))
_UNDONE = (
    select(
        audit.c.number.label("audit_number"),
        audit.c.before,
        changes.c.number,
        changes.c.at,
        changes.c.operation,
        changes.c.actor,
        changes.c.request,
        changes.c.facts,
    )
    .select_from(audit)
    .join(changes, audit.c.change == changes.c.number)
    .where(audit.c.number <= bindparam("last"), audit.c.change.is_not(None))
    .order_by(audit.c.number.desc())
    .limit(bindparam("most"))
)
_DROP = delete(audit).where(audit.c.number.between(bindparam("first"), bindparam("last")))
_OPERATION = select(audit.c.operation, audit.c.target, audit.c.why).where(audit.c.number == bindparam("at"))
_PAGE: Final = 250
"""How many records one query of a stream reads: those of an import have hundreds of kilobytes each."""
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
"""The sealed columns, in this order; then the state before, and the facts of the change log."""

_sealed_of = itemgetter(*_SEALED)
_encode = msgspec.json.Encoder().encode


def seal(previous: str, row: dict[str, Any], facts: str | None) -> str:
    """Return the hash of a record. previous: that of the record before; facts: the exact text in the change log."""
    columns = _encode([previous, *_sealed_of(row)])
    before = row["before"] or ""
    return sha256(b"\n".join((columns, before.encode(), (facts or "").encode()))).hexdigest()


@lru_cache(maxsize=1024)
def caller_columns(caller: Caller) -> Mapping[str, str]:
    """Return how the logs name a caller, by column."""
    return {
        "actor": log_text(caller.called),
        "via": caller.via[:16],
        "user": log_text(caller.user),
        "project": log_text(caller.project),
        "roles": log_text(",".join(sorted(caller.roles))),
        "address": log_text(caller.address)[:64],
    }


class Chain:
    """New records for the end of the log. number, hash: of the last record so far."""

    def __init__(self, number: int, sealed: str) -> None:
        self.number, self.hash = number, sealed
        self.rows: list[dict[str, Any]] = []
        self.indexed: list[dict[str, Any]] = []

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
        """Add a record and seal it.

        request: the request's id, as `log_text` returns it; about: uuids of the providers and consumers concerned.
        """
        self.number += 1
        row: dict[str, Any] = {
            "number": self.number,
            "at": at,
            "request": request,
            **caller_columns(caller),
            "operation": operation[:64],
            "target": log_text(target),
            "outcome": outcome[:16],
            "why": why and log_text(why),
            "change": change,
            "before": before,
        }
        row["hash"] = self.hash = seal(self.hash, row, facts)
        self.rows.append(row)
        if len(about) > audit_index.MANY:
            self.indexed += audit_index.rows_of(self.number, about)


def append(connection: Connection, chain: Chain) -> None:
    """Write a chain's new records, and index them."""
    if chain.rows:
        _APPEND.run(connection, chain.rows)
        audit_index.append(connection, chain.indexed, chain.number - len(chain.rows), chain.number)


def has(connection: Connection, number: int, sealed: str) -> bool:
    """Whether the log has exactly this record at this number."""
    return hash_of(connection, number) == sealed


def hash_of(connection: Connection, number: int) -> str | None:
    """Return the hash of a record, or None if it is not there."""
    sealed: str | None = connection.execute(select(audit.c.hash).where(audit.c.number == number)).scalar()
    return sealed


def states_before(connection: Connection, after: int) -> Generator[Facts | None, None, None]:
    """Yield the state before each change whose record is after this number, in order: None if it cannot be read."""
    changed = select(audit.c.before).where(audit.c.number > after, audit.c.before.is_not(None)).order_by(audit.c.number)
    with connection.execute(changed, execution_options={"yield_per": _PAGE}) as found:
        for (before,) in found:
            yield facts_of(before)


class UndoneChange(NamedTuple):
    """A change with the state before it. fault: whether one of the two cannot be read. record: the record of it."""

    record: int
    change: Change
    before: Facts
    fault: bool


def undone(connection: Connection, last: int, most: int) -> list[UndoneChange]:
    """Return at most `most` changes up to the record `last`, the last one first, with the states before them."""
    found = []
    for row in connection.execute(_UNDONE, {"last": last, "most": most}):
        before = facts_of(row.before) if row.before is not None else Facts()
        change = change_of(row)
        found.append(UndoneChange(row.audit_number, change, before or Facts(), bool(change.fault) or before is None))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records to read, newest first; after: oldest first, from the record after this number on.

    since, until: microseconds since 1970, the latter excluded; subject: a provider's or consumer's uuid; before: a
    record's number; facts: false omits the states before and after, which can be large; summary: with a summary of the
    change in their place.
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
    summary: bool = False


def records(connection: Connection, filter_: AuditFilter) -> list[AuditRecord]:
    """Return the records that match."""
    with_states = _WITH_FACTS if filter_.facts else _WITHOUT_FACTS
    selected = (_WITH_SUMMARY if filter_.summary else with_states).where(*_conditions(filter_))
    read: Callable[[Any], AuditRecord] = _summarised if filter_.summary else _record
    selected = selected.order_by(audit.c.number if filter_.after is not None else audit.c.number.desc())
    if filter_.subject is None:
        return [read(row) for row in connection.execute(selected.limit(filter_.most))]
    matching: list[AuditRecord] = []
    for numbers in _numbers_about(connection, filter_):
        some = selected.where(audit.c.number.in_(numbers))
        if filter_.most is not None:
            some = some.limit(filter_.most - len(matching))
        matching += [read(row) for row in connection.execute(some)]
        if len(matching) == filter_.most:
            break
    return matching


def _conditions(filter_: AuditFilter) -> Iterator[ColumnElement[bool]]:
    """Yield all conditions except the subject."""
    pairs = ((audit.c.actor, filter_.actor), (audit.c.operation, filter_.operation), (audit.c.outcome, filter_.outcome))
    yield from (column == value for column, value in pairs if value is not None)
    if filter_.since is not None:
        yield audit.c.at >= filter_.since
    if filter_.until is not None:
        yield audit.c.at < filter_.until
    if filter_.before is not None:
        yield audit.c.number < filter_.before
    if filter_.after is not None:
        yield audit.c.number > filter_.after


def _numbers_about(connection: Connection, filter_: AuditFilter) -> Iterator[list[int]]:
    """Return the numbers of the records about a subject, in order, only from the range that can match."""
    assert filter_.subject is not None
    first, last = connection.execute(_ENDS).one()
    if filter_.since is not None:
        first = first_since(connection, filter_.since)
    if first is None:
        return iter(())
    if filter_.after is not None:
        first = max(first, filter_.after + 1)
    if filter_.before is not None:
        last = min(last, filter_.before - 1)
    return audit_index.numbers(connection, filter_.subject, first, last, upwards=filter_.after is not None)


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as stored. facts: the exact text of its change's; subjects: those it is indexed under, if known."""

    row: dict[str, Any]
    facts: str | None
    subjects: set[str] | None


def stored(connection: Connection, after: int = 0) -> Iterator[Stored]:
    """Yield every record after this number in order, as a stream."""
    still_open = audit_index.open_block(connection)
    while page := connection.execute(_NEXT, {"after": after, "most": _PAGE}).all():
        indexed = audit_index.indexed(connection, after, page[-1].number)
        for row in page:
            values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
            facts = values.pop("facts")
            full = row.number // audit_index.BLOCK < still_open
            yield Stored(values, facts, indexed.get(row.number, set() if full else None))
        after = page[-1].number


def page(connection: Connection, after: int, most: int) -> list[Stored]:
    """Return at most `most` records after this number, in order, without their subjects."""
    records = []
    for row in connection.execute(_NEXT, {"after": after, "most": most}).mappings():
        values = dict(row)
        facts = values.pop("facts")
        records.append(Stored(values, facts, None))
    return records


def first_since(connection: Connection, moment: int | None) -> int | None:
    """Return the number of the first record at or after a moment (None: of all), or None if there is none."""
    if moment is None:
        query = select(func.min(audit.c.number))
    else:
        # For the bare number, databases read all older records up to the first that is late enough.
        query = select(func.min(audit.c.number + 0)).where(audit.c.at >= moment)
    number: int | None = connection.execute(query).scalar()
    return number


def operation_at(connection: Connection, number: int) -> tuple[str, str, str] | None:
    """Return the operation, target and reason of a record, or None if it is not there."""
    row = connection.execute(_OPERATION, {"at": number}).one_or_none()
    return None if row is None else (row.operation, row.target, row.why)


def is_recorded(connection: Connection, operation: str, target: str) -> bool:
    """Whether the log has a record of this operation on this target. Reads all of it, in the worst case."""
    found = select(audit.c.number).where(audit.c.operation == operation, audit.c.target == target).limit(1)
    return connection.execute(found).scalar() is not None


def first_change(connection: Connection, after: int, last: int) -> int | None:
    """Return the first change that a record in (`after`, `last`] is of, or None if they are of none."""
    within = (audit.c.number > after, audit.c.number <= last, audit.c.change.is_not(None))
    number: int | None = connection.execute(
        select(audit.c.change).where(*within).order_by(audit.c.number).limit(1)
    ).scalar()
    return number


def drop(connection: Connection, first: int, last: int) -> None:
    """Delete the records from one number to another, and their index.

    The first number matters: PostgreSQL would go through all that was deleted before, until that is vacuumed.
    """
    audit_index.drop(connection, first, last)
    connection.execute(_DROP, {"first": first, "last": last})


def _summarised(row: Row[Any]) -> AuditRecord:
    """Return a record with a summary of its change; without one if it was refused."""
    record = _record(row)
    return replace(record, after=None, summary=summary_of(record) or UNSET)


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
