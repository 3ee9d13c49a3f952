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
    """Which consumers to read. untyped: those without a type; provider_id, class_id: of which they hold something."""

    project: str = ""
    user: str = ""
    type_id: int | None = None
    untyped: bool = False
    provider_id: int | None = None
    class_id: int | None = None


class Mark(NamedTuple):
    """The end of a page: the value that it was ordered by, and the uuid."""

    value: int
    uuid: str


class ProjectRows(NamedTuple):
    """Some projects: counts of consumers by (project, type id), amounts by (project, type id, class id)."""

    names: list[str]
    counts: list[tuple[str, int | None, int]]
    amounts: list[tuple[str, int | None, int, int]]


def by_uuid(connection: Connection, filter_: ConsumerFilter, after: str, most: int) -> list[ConsumerRow]:
    """Return consumers in the order of their uuids."""
    query = _matching(filter_).where(consumers.c.uuid > after).order_by(consumers.c.uuid).limit(most)
    return [ConsumerRow(*row) for row in connection.execute(query)]


def oldest(connection: Connection, filter_: ConsumerFilter, after: Mark | None, most: int) -> list[ConsumerRow]:
    """Return consumers, those first that were written longest ago."""
    at, uuid = consumers.c.updated_at, consumers.c.uuid
    query = _matching(filter_).order_by(at, uuid).limit(most)
    if after is not None:
        query = query.where(or_(at > after.value, and_(at == after.value, uuid > after.uuid)))
    return [ConsumerRow(*row) for row in connection.execute(query)]


def largest(
    connection: Connection, filter_: ConsumerFilter, after: Mark | None, most: int
) -> list[tuple[ConsumerRow, int]]:
    """Return consumers with how much they hold of the class, the largest amount first."""
    held = (
        select(allocations.c.consumer_id, func.sum(allocations.c.amount).label("amount"))
        .where(_amount_condition(filter_))
        .group_by(allocations.c.consumer_id)
        .subquery()
    )
    amount, uuid = held.c.amount, consumers.c.uuid
    query = _restrict_owner(select(*_CONSUMER, amount), filter_).join(held, held.c.consumer_id == consumers.c.id)
    if after is not None:
        query = query.where(or_(amount < after.value, and_(amount == after.value, uuid > after.uuid)))
    found = connection.execute(query.order_by(amount.desc(), uuid).limit(most))
    return [(ConsumerRow(*row[:-1]), int(row[-1])) for row in found]


def projects(connection: Connection, after: str, most: int) -> ProjectRows:
    """Return projects by name, with what their consumers hold."""
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


def _matching(filter_: ConsumerFilter) -> Select[Any]:
    query = _restrict_owner(select(*_CONSUMER), filter_)
    if filter_.provider_id is not None or filter_.class_id is not None:
        mine = select(allocations.c.consumer_id).where(
            allocations.c.consumer_id == consumers.c.id, _amount_condition(filter_)
        )
        query = query.where(mine.exists())
    return query


def _restrict_owner(query: Select[Any], filter_: ConsumerFilter) -> Select[Any]:
    if filter_.project:
        query = query.where(consumers.c.project == filter_.project)
    if filter_.user:
        query = query.where(consumers.c.user == filter_.user)
    if filter_.untyped:
        query = query.where(consumers.c.type_id.is_(None))
    elif filter_.type_id is not None:
        query = query.where(consumers.c.type_id == filter_.type_id)
    return query


def _amount_condition(filter_: ConsumerFilter) -> ColumnElement[bool]:
    """Return the condition on the amounts that count."""
    conditions: list[ColumnElement[bool]] = []
    if filter_.provider_id is not None:
        conditions.append(allocations.c.provider_id == filter_.provider_id)
    if filter_.class_id is not None:
        conditions.append(allocations.c.class_id == filter_.class_id)
    return and_(*conditions)
