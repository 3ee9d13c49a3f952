"""Consumers and what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select, true

from berth.model.consumer_name import UNNAMED, ConsumerName
from berth.model.term import Span
from berth.store.tables import allocations, consumers, providers

T = TypeVar("T")

IN_ONE_STATEMENT = 500
"""How many values one IN list binds; databases limit this (SQLite 32,766, PostgreSQL 65,535)."""


class ConsumerRow(NamedTuple):
    """A consumer as stored."""

    id: int
    uuid: str
    generation: int
    project: str
    user: str
    type_id: int | None
    updated_at: int
    start: int | None = None
    end: int | None = None
    deadline: int | None = None
    replaces: str | None = None
    name: str | None = None
    note: str | None = None

    @property
    def named(self) -> ConsumerName:
        """Its name and the note on it, if those columns were read."""
        return UNNAMED if self.name is self.note is None else ConsumerName(self.name or "", self.note or "")

    @property
    def span(self) -> Span | None:
        """The span of its claim, if those columns were read; None if it counts for ever and is confirmed."""
        return None if self.start is None else Span(self.start, self.end, self.deadline, self.replaces)


class AllocationRow(NamedTuple):
    """One amount that a consumer holds, with the provider's uuid."""

    consumer_id: int
    provider: str
    class_id: int
    amount: int


class HolderRow(NamedTuple):
    """One amount that is held of a provider, with its consumer."""

    consumer_id: int
    uuid: str
    generation: int
    project: str
    user: str
    type_id: int | None
    updated_at: int
    start: int | None
    end: int | None
    deadline: int | None
    name: str | None
    note: str | None
    class_id: int
    amount: int


OWNED: Final = (
    consumers.c.id,
    consumers.c.uuid,
    consumers.c.generation,
    consumers.c.project,
    consumers.c.user,
    consumers.c.type_id,
    consumers.c.updated_at,
)
TERM: Final = (consumers.c.start, consumers.c.end, consumers.c.deadline, consumers.c.replaces)
NAMED: Final = (consumers.c.name, consumers.c.note)
CONSUMER: Final = (*OWNED, *TERM, *NAMED)
"""The columns of a ConsumerRow."""

_ALLOCATION = (allocations.c.consumer_id, providers.c.uuid, allocations.c.class_id, allocations.c.amount)
_ORDER = (allocations.c.consumer_id, allocations.c.provider_id, allocations.c.class_id)

_BY_UUID = select(*CONSUMER).where(consumers.c.uuid.in_(bindparam("uuids", expanding=True)))
_ONE_BY_UUID = select(*CONSUMER).where(consumers.c.uuid == bindparam("uuid"))
_HELD = (
    select(*_ALLOCATION)
    .join(providers, providers.c.id == allocations.c.provider_id)
    .where(allocations.c.consumer_id.in_(bindparam("ids", expanding=True)))
    .order_by(*_ORDER)
)
_TOTALS = (
    select(allocations.c.consumer_id, allocations.c.class_id, func.sum(allocations.c.amount))
    .where(allocations.c.consumer_id.in_(bindparam("ids", expanding=True)))
    .group_by(allocations.c.consumer_id, allocations.c.class_id)
    .order_by(allocations.c.consumer_id, allocations.c.class_id)
)
HOLDER: Final = (
    *OWNED,
    consumers.c.start,
    consumers.c.end,
    consumers.c.deadline,
    *NAMED,
    allocations.c.class_id,
    allocations.c.amount,
)
"""The columns of a HolderRow."""

_HOLDERS = (
    select(*HOLDER)
    .join(consumers, consumers.c.id == allocations.c.consumer_id)
    .where(allocations.c.provider_id == bindparam("provider_id"))
    .order_by(*_ORDER)
)
_PROJECT = select(consumers.c.project).where(consumers.c.uuid == bindparam("uuid"))
_USED = select(allocations.c.provider_id, allocations.c.class_id, func.sum(allocations.c.amount)).group_by(
    allocations.c.provider_id, allocations.c.class_id
)


_ENDING = (
    select(
        consumers.c.uuid,
        consumers.c.end,
        consumers.c.deadline,
        allocations.c.provider_id,
        allocations.c.class_id,
        allocations.c.amount,
    )
    .join(allocations, allocations.c.consumer_id == consumers.c.id)
    .where(or_(consumers.c.end.is_not(None), consumers.c.deadline.is_not(None)))
)


def counted(now: int | None) -> ColumnElement[bool]:
    """Return the condition that a consumer's claim counts at an instant: the rule of `model.term.counts` in SQL.

    now: in microseconds since 1970 UTC; None if nothing has lapsed that was not swept, so that all claims count.
    """
    if now is None:
        return true()
    end, deadline = consumers.c.end, consumers.c.deadline
    return and_(or_(end.is_(None), end > now), or_(deadline.is_(None), deadline > now))


def ending(connection: Connection) -> Iterator[Row[Any, Any, Any, Any, Any, Any]]:
    """Yield what consumers hold whose claims end or have to be confirmed, for building the fleet."""
    yield from connection.execute(_ENDING)


def by_uuid(connection: Connection, uuids: Iterable[str]) -> list[ConsumerRow]:
    """Return those of these consumers that exist."""
    return [ConsumerRow(*row) for some in _batched(uuids) for row in _rows_by_uuid(connection, some)]


def _rows_by_uuid(connection: Connection, uuids: Sequence[str]) -> Iterable[Any]:
    if len(uuids) == 1:  # as in most commits
        return connection.execute(_ONE_BY_UUID, {"uuid": uuids[0]})
    return connection.execute(_BY_UUID, {"uuids": uuids})


def project(connection: Connection, uuid: str) -> str | None:
    """Return a consumer's project, or None if it holds nothing."""
    found: str | None = connection.execute(_PROJECT, {"uuid": uuid}).scalar()
    return found


def held_by(connection: Connection, ids: Iterable[int]) -> list[AllocationRow]:
    """Return everything that these consumers hold."""
    rows = (row for some in _batched(ids) for row in connection.execute(_HELD, {"ids": some}).all())
    return list(map(AllocationRow._make, rows))


def totals(connection: Connection, ids: Iterable[int]) -> list[tuple[int, int, int]]:
    """Return how much of each class each of these consumers holds: (consumer id, class id, amount)."""
    rows = [row for some in _batched(ids) for row in connection.execute(_TOTALS, {"ids": some}).all()]
    return [(consumer, class_id, int(amount)) for consumer, class_id, amount in rows]


def holders_of(connection: Connection, provider_id: int, now: int | None) -> list[HolderRow]:
    """Return everything that is held of a provider. now: as of `counted`."""
    rows = connection.execute(_HOLDERS.where(counted(now)), {"provider_id": provider_id})
    return list(map(HolderRow._make, rows))


def used(connection: Connection) -> Iterator[Row[Any, Any, Any]]:
    """Yield how much is held of every (provider id, class id), for building the fleet."""
    yield from connection.execute(_USED)


def all_consumers(connection: Connection) -> Iterator[ConsumerRow]:
    """Yield every consumer, as a stream."""
    for row in connection.execute(select(*CONSUMER), execution_options={"yield_per": 10_000}):
        yield ConsumerRow(*row)


def names(connection: Connection) -> dict[str, ConsumerName]:
    """Return the names of all consumers that have one, or a note, by uuid."""
    named = or_(*(each.is_not(None) for each in NAMED))
    return {row.uuid: row.named for row in map(ConsumerRow._make, connection.execute(select(*CONSUMER).where(named)))}


def all_allocations(connection: Connection) -> Iterator[Row[Any, Any, Any, Any]]:
    """Yield every amount that is held, as a stream: (consumer_id, provider_id, class_id, amount)."""
    table = allocations.c
    query = select(table.consumer_id, table.provider_id, table.class_id, table.amount)
    yield from connection.execute(query, execution_options={"yield_per": 10_000})


def project_usage(
    connection: Connection, project: str, user: str | None, now: int | None
) -> tuple[list[tuple[int | None, int]], list[tuple[int | None, int, int]]]:
    """Return a project's (or one of its users') consumers by type id, and amounts by (type id, class id).

    now: as of `counted`.
    """
    of_project = and_(consumers.c.project == bindparam("project"), counted(now))
    count: Select[Any] = select(consumers.c.type_id, func.count()).where(of_project)
    amount: Select[Any] = (
        select(consumers.c.type_id, allocations.c.class_id, func.sum(allocations.c.amount))
        .join(allocations, allocations.c.consumer_id == consumers.c.id)
        .where(of_project)
    )
    given = {"project": project}
    if user is not None:
        count, amount = (query.where(consumers.c.user == bindparam("user_id")) for query in (count, amount))
        given["user_id"] = user
    counts = connection.execute(count.group_by(consumers.c.type_id), given)
    amounts = connection.execute(amount.group_by(consumers.c.type_id, allocations.c.class_id), given)
    return [(kind, number) for kind, number in counts], [(kind, cls, int(total)) for kind, cls, total in amounts]


def _batched(values: Iterable[T]) -> Iterator[Sequence[T]]:
    rest = iter(values)
    while some := list(islice(rest, IN_ONE_STATEMENT)):
        yield some


def count(connection: Connection) -> int:
    """Return how many consumers hold something."""
    number: int = connection.execute(select(func.count()).select_from(consumers)).scalar_one()
    return number
