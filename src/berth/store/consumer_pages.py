"""Consumers and projects, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from berth.store.consumers import ConsumerRow
from berth.store.tables import allocations, consumers

_CONSUMER = (
    consumers.c.id,
    consumers.c.uuid,
    consumers.c.generation,
    consumers.c.project,
    consumers.c.user,
    consumers.c.type_id,
    consumers.c.updated_at,
)


@dataclass(frozen=True, slots=True)
class ConsumerFilter:
    """Which consumers. untyped: those without a type; provider_id, class_id: they hold some of that."""

    project: str = ""
    user: str = ""
    type_id: int | None = None
    untyped: bool = False
    provider_id: int | None = None
    class_id: int | None = None


class Mark(NamedTuple):
    """Where a page ended: the value that it was ordered by, and the uuid."""

    value: int
    uuid: str


class ProjectRows(NamedTuple):
    """Some projects: counts of consumers by (project, type id), amounts by (project, type id, class id)."""

    names: list[str]
    counts: list[tuple[str, int | None, int]]
    amounts: list[tuple[str, int | None, int, int]]


def by_uuid(connection: Connection, wanted: ConsumerFilter, after: str, most: int) -> list[ConsumerRow]:
    """Consumers in the order of their uuids."""
    query = _matching(wanted).where(consumers.c.uuid > after).order_by(consumers.c.uuid).limit(most)
    return [ConsumerRow(*row) for row in connection.execute(query)]


def oldest(connection: Connection, wanted: ConsumerFilter, after: Mark | None, most: int) -> list[ConsumerRow]:
    """Consumers, those first that were written longest ago."""
    at, uuid = consumers.c.updated_at, consumers.c.uuid
    query = _matching(wanted).order_by(at, uuid).limit(most)
    if after is not None:
        query = query.where(or_(at > after.value, and_(at == after.value, uuid > after.uuid)))
    return [ConsumerRow(*row) for row in connection.execute(query)]


def largest(
    connection: Connection, wanted: ConsumerFilter, after: Mark | None, most: int
) -> list[tuple[ConsumerRow, int]]:
    """Consumers with how much they hold of the class that is wanted, the most first."""
    held = (
        select(allocations.c.consumer_id, func.sum(allocations.c.amount).label("amount"))
        .where(_held(wanted))
        .group_by(allocations.c.consumer_id)
        .subquery()
    )
    amount, uuid = held.c.amount, consumers.c.uuid
    query = _of_owner(select(*_CONSUMER, amount), wanted).join(held, held.c.consumer_id == consumers.c.id)
    if after is not None:
        query = query.where(or_(amount < after.value, and_(amount == after.value, uuid > after.uuid)))
    found = connection.execute(query.order_by(amount.desc(), uuid).limit(most))
    return [(ConsumerRow(*row[:-1]), int(row[-1])) for row in found]


def projects(connection: Connection, after: str, most: int) -> ProjectRows:
    """Projects by name, with what their consumers hold."""
    project = consumers.c.project
    found = select(project).where(project > after).distinct().order_by(project).limit(most)
    names = [name for (name,) in connection.execute(found)]
    if not names:
        return ProjectRows([], [], [])
    among = project.between(names[0], names[-1])
    counts = select(project, consumers.c.type_id, func.count()).where(among).group_by(project, consumers.c.type_id)
    amounts = (
        select(project, consumers.c.type_id, allocations.c.class_id, func.sum(allocations.c.amount))
        .join(allocations, allocations.c.consumer_id == consumers.c.id)
        .where(among)
        .group_by(project, consumers.c.type_id, allocations.c.class_id)
    )
    return ProjectRows(
        names,
        [(name, kind, count) for name, kind, count in connection.execute(counts)],
        [(name, kind, number, int(total)) for name, kind, number, total in connection.execute(amounts)],
    )


def _matching(wanted: ConsumerFilter) -> Select[Any]:
    query = _of_owner(select(*_CONSUMER), wanted)
    if wanted.provider_id is not None or wanted.class_id is not None:
        mine = select(allocations.c.consumer_id).where(allocations.c.consumer_id == consumers.c.id, _held(wanted))
        query = query.where(mine.exists())
    return query


def _of_owner(query: Select[Any], wanted: ConsumerFilter) -> Select[Any]:
    if wanted.project:
        query = query.where(consumers.c.project == wanted.project)
    if wanted.user:
        query = query.where(consumers.c.user == wanted.user)
    if wanted.untyped:
        query = query.where(consumers.c.type_id.is_(None))
    elif wanted.type_id is not None:
        query = query.where(consumers.c.type_id == wanted.type_id)
    return query


def _held(wanted: ConsumerFilter) -> ColumnElement[bool]:
    """Which amounts are meant."""
    meant: list[ColumnElement[bool]] = []
    if wanted.provider_id is not None:
        meant.append(allocations.c.provider_id == wanted.provider_id)
    if wanted.class_id is not None:
        meant.append(allocations.c.class_id == wanted.class_id)
    return and_(*meant)
