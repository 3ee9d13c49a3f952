"""Leases' rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, case, func, or_, select

from berth.model.lease import LeaseFact, LeaseState, OnEnd
from berth.model.term import SECOND
from berth.store.tables import consumers, leases

KEPT_US: Final = 7 * 24 * 3600 * 1_000_000
"""How long a lease is kept that has ended, in microseconds."""

MOST_AT_ONCE: Final = 512
"""How many leases one commit marks or ends, at most: 75 ms of a processor, when measured, for which others wait."""

MINUTE_US: Final = 60 * SECOND
_IN_ONE_STATEMENT: Final = 500


class LeaseRow(NamedTuple):
    """A lease as stored; see berth.model.lease.LeaseInfo."""

    id: int
    uuid: str
    name: str
    project: str
    ttl: int
    grace: int
    on_end: OnEnd
    deadline: int
    overdue_at: int | None
    ended_at: int | None

    @property
    def fact(self) -> LeaseFact:
        """The lease as the change log has it."""
        return LeaseFact(*(getattr(self, name) for name in LeaseFact.__struct_fields__))


class LeaseCounts(NamedTuple):
    """How many leases have not ended, are overdue, and were ended in the last minute because they were not renewed."""

    live: int
    overdue: int
    ended_lately: int


class LeaseTimes(NamedTuple):
    """When the next lease becomes overdue, and when the next one ends, None: none does; and how many are overdue."""

    deadline: int | None
    end: int | None
    overdue: int


_COLUMNS: Final = tuple(leases.c[name] for name in LeaseRow._fields)
_BY_UUID = select(*_COLUMNS).where(leases.c.uuid.in_(bindparam("uuids", expanding=True)))
_ENDS_AT: Final = leases.c.overdue_at + leases.c.grace * SECOND
_NOT_ENDED: Final = leases.c.ended_at.is_(None)
_IS_MARKED: Final = and_(_NOT_ENDED, leases.c.overdue_at.is_not(None))
_TO_MARK: Final = and_(_NOT_ENDED, leases.c.overdue_at.is_(None))

# Those to mark come first: that others wait for the brake must not keep them from being seen.
_DUE = (
    select(*_COLUMNS)
    .where(leases.c.deadline <= bindparam("now"), _NOT_ENDED)
    .where(or_(leases.c.overdue_at.is_(None), bindparam("now") >= _ENDS_AT))
    .order_by(case((leases.c.overdue_at.is_(None), 0), else_=1), leases.c.deadline, leases.c.id)
    .limit(MOST_AT_ONCE)
)
_OLD = select(leases.c.id, leases.c.uuid).where(leases.c.ended_at < bindparam("before")).limit(MOST_AT_ONCE)
_LEASED = (
    select(
        consumers.c.uuid, leases.c.uuid, and_(leases.c.ended_at.is_not(None), leases.c.on_end == OnEnd.RELEASE.value)
    )
    .join(leases, leases.c.id == consumers.c.lease_id)
    .where(consumers.c.lease_id.is_not(None))
)


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


# A lease that its owner ended is not overdue.
_ENDED_LATELY: Final = and_(leases.c.overdue_at.is_not(None), leases.c.ended_at > bindparam("since"))
_COUNTS = select(_number(_NOT_ENDED), _number(_IS_MARKED), _number(_ENDED_LATELY))
_TIMES = select(
    func.min(case((_TO_MARK, leases.c.deadline))), func.min(case((_IS_MARKED, _ENDS_AT))), _number(_IS_MARKED)
)
_STATES: Final = {
    LeaseState.LIVE: _TO_MARK,
    LeaseState.OVERDUE: _IS_MARKED,
    LeaseState.ENDED: leases.c.ended_at.is_not(None),
}
_BY_STATE = select(*(_number(condition) for condition in _STATES.values()))


def by_uuid(connection: Connection, uuids: Collection[str]) -> list[LeaseRow]:
    """Return those of these leases that exist."""
    every = list(uuids)
    parts = (every[first : first + _IN_ONE_STATEMENT] for first in range(0, len(every), _IN_ONE_STATEMENT))
    return [_row(row) for part in parts for row in connection.execute(_BY_UUID, {"uuids": part})]


def due(connection: Connection, now: int) -> list[LeaseRow]:
    """Return some of the leases to mark as overdue at an instant, then of those that have been it for their grace."""
    return [_row(row) for row in connection.execute(_DUE, {"now": now})]


def counts(connection: Connection, now: int) -> LeaseCounts:
    """Return how many leases there are, as of an instant."""
    return LeaseCounts(*map(int, connection.execute(_COUNTS, {"since": now - MINUTE_US}).one()))


def times(connection: Connection) -> LeaseTimes:
    """Return when something is to be done about leases."""
    deadline, end, overdue = connection.execute(_TIMES).one()
    return LeaseTimes(deadline, None if end is None else int(end), int(overdue))


def by_state(connection: Connection) -> dict[LeaseState, int]:
    """Return how many leases there are in each state."""
    return dict(zip(_STATES, map(int, connection.execute(_BY_STATE).one()), strict=True))


def old(connection: Connection, now: int) -> list[tuple[int, str]]:
    """Return ids and uuids of leases that ended long ago: some of all."""
    return [(key, uuid) for key, uuid in connection.execute(_OLD, {"before": now - KEPT_US})]


def leased(connection: Connection) -> Iterator[Row[str, str, bool]]:
    """Yield consumers with the uuid of their lease, and whether that has ended and their claims are to be released."""
    yield from connection.execute(_LEASED)


def all_leases(connection: Connection) -> Iterator[LeaseRow]:
    """Yield every lease."""
    for row in connection.execute(select(*_COLUMNS)):
        yield _row(row)


def page(connection: Connection, project: str, state: LeaseState | None, after: str, limit: int) -> Sequence[LeaseRow]:
    """Return the leases behind this uuid, in the order of their uuids. project: "" for all; state: None for all."""
    query: Select[Any] = select(*_COLUMNS).where(leases.c.uuid > after)
    if project:
        query = query.where(leases.c.project == project)
    if state is not None:
        query = query.where(_STATES[state])
    return [_row(row) for row in connection.execute(query.order_by(leases.c.uuid).limit(limit))]


def all_overdue(connection: Connection) -> list[str]:
    """Return the uuids of the leases that are overdue."""
    return [uuid for (uuid,) in connection.execute(select(leases.c.uuid).where(_IS_MARKED))]


def overdue(connection: Connection, project: str, limit: int) -> Sequence[LeaseRow]:
    """Return the leases that are overdue, the first to end first. project: "" for all."""
    query: Select[Any] = select(*_COLUMNS).where(_IS_MARKED)
    if project:
        query = query.where(leases.c.project == project)
    return [_row(row) for row in connection.execute(query.order_by(_ENDS_AT, leases.c.uuid).limit(limit))]


def _row(row: Sequence[Any]) -> LeaseRow:
    found = LeaseRow(*row)
    return found._replace(on_end=OnEnd(found.on_end))
