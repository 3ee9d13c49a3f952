"""Consumers and what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Row, Select, bindparam, func, select

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


class AllocationRow(NamedTuple):
    """One amount that a consumer holds, with the provider's uuid."""

    consumer_id: int
    provider: str
    class_id: int
    amount: int


class HolderRow(NamedTuple):
    """One amount that is held of a provider, with its consumer."""

    uuid: str
    generation: int
    project: str
    user: str
    type_id: int | None
    updated_at: int
    class_id: int
    amount: int


_CONSUMER = (
    consumers.c.id,
    consumers.c.uuid,
    consumers.c.generation,
    consumers.c.project,
    consumers.c.user,
    consumers.c.type_id,
    consumers.c.updated_at,
)
_ALLOCATION = (allocations.c.consumer_id, providers.c.uuid, allocations.c.class_id, allocations.c.amount)
_ORDER = (allocations.c.consumer_id, allocations.c.provider_id, allocations.c.class_id)

_BY_UUID = select(*_CONSUMER).where(consumers.c.uuid.in_(bindparam("uuids", expanding=True)))
_HELD = (
    select(*_ALLOCATION)
    .join(providers, providers.c.id == allocations.c.provider_id)
    .where(allocations.c.consumer_id.in_(bindparam("ids", expanding=True)))
    .order_by(*_ORDER)
)
_HOLDERS = (
    select(*_CONSUMER[1:], allocations.c.class_id, allocations.c.amount)
    .join(consumers, consumers.c.id == allocations.c.consumer_id)
    .where(allocations.c.provider_id == bindparam("provider_id"))
    .order_by(*_ORDER)
)
_USED = select(allocations.c.provider_id, allocations.c.class_id, func.sum(allocations.c.amount)).group_by(
    allocations.c.provider_id, allocations.c.class_id
)


def by_uuid(connection: Connection, uuids: Iterable[str]) -> list[ConsumerRow]:
    """Return those of these consumers that exist."""
    return [ConsumerRow(*row) for some in _batched(uuids) for row in connection.execute(_BY_UUID, {"uuids": some})]


def held_by(connection: Connection, ids: Iterable[int]) -> list[AllocationRow]:
    """Return everything that these consumers hold."""
    return [AllocationRow(*row) for some in _batched(ids) for row in connection.execute(_HELD, {"ids": some})]


def holders_of(connection: Connection, provider_id: int) -> list[HolderRow]:
    """Return everything that is held of a provider."""
    return [HolderRow(*row) for row in connection.execute(_HOLDERS, {"provider_id": provider_id})]


def used(connection: Connection) -> Iterator[Row[Any, Any, Any]]:
    """Yield how much is held of every (provider id, class id), for building the fleet."""
    yield from connection.execute(_USED)


def all_consumers(connection: Connection) -> Iterator[ConsumerRow]:
    """Yield every consumer, as a stream."""
    for row in connection.execute(select(*_CONSUMER), execution_options={"yield_per": 10_000}):
        yield ConsumerRow(*row)


def all_allocations(connection: Connection) -> Iterator[Row[Any, Any, Any, Any]]:
    """Yield every amount that is held, as a stream: (consumer_id, provider_id, class_id, amount)."""
    table = allocations.c
    query = select(table.consumer_id, table.provider_id, table.class_id, table.amount)
    yield from connection.execute(query, execution_options={"yield_per": 10_000})


def project_usage(
    connection: Connection, project: str, user: str | None
) -> tuple[list[tuple[int | None, int]], list[tuple[int | None, int, int]]]:
    """Return a project's (or one of its users') consumers by type id, and amounts by (type id, class id)."""
    count: Select[Any] = select(consumers.c.type_id, func.count()).where(consumers.c.project == bindparam("project"))
    amount: Select[Any] = (
        select(consumers.c.type_id, allocations.c.class_id, func.sum(allocations.c.amount))
        .join(allocations, allocations.c.consumer_id == consumers.c.id)
        .where(consumers.c.project == bindparam("project"))
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
