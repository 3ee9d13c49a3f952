"""Consumers and projects, a page at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, or_, select, true

from berth.store.consumer_names import has_part, name_conditions
from berth.store.consumers import CONSUMER, HOLDER, IN_ONE_STATEMENT, ConsumerRow, HolderRow, counted
from berth.store.tables import allocations, consumers

_AT_ONCE: Final = 5_000
"""How many rows of a stream are taken at once."""


@dataclass(frozen=True, slots=True)
class ConsumerFilter:
    """Which consumers to read. untyped: those without a type; provider_id, class_id: of which they hold something.

    pending: whether their claims have to be confirmed; due_by: they end or lapse by this instant, in microseconds since
    1970 UTC; of both None: all. now: as of store.consumers.counted. name: its beginning; uuids: the first and the last;
    text: a part of the name or of the note.
    """

    project: str = ""
    user: str = ""
    type_id: int | None = None
    untyped: bool = False
    provider_id: int | None = None
    class_id: int | None = None
    now: int | None = None
    pending: bool | None = None
    due_by: int | None = None
    name: str = ""
    uuids: tuple[str, str] | None = None
    text: str = ""

    @property
    def by_amount(self) -> bool:
        """Whether it depends on what a consumer holds."""
        return self.provider_id is not None or self.class_id is not None

    @property
    def by_amount_only(self) -> bool:
        """Whether it depends on what a consumer holds, and on nothing else."""
        others = self.project or self.user or self.untyped or self.type_id is not None
        timed = self.now is not None or self.pending is not None or self.due_by is not None
        return self.by_amount and not (others or timed or self.named)

    @property
    def named(self) -> bool:
        """Whether it depends on what a consumer is called, or on its uuid."""
        return bool(self.name or self.text or self.uuids)


class ProjectRows(NamedTuple):
    """Some projects: counts of consumers by (project, type id), amounts by (project, type id, class id).

    Where nothing but their numbers was asked for, counts are by project, with None as the type, and amounts are empty.
    """

    names: list[str]
    counts: list[tuple[str, int | None, int]]
    amounts: list[tuple[str, int | None, int, int]]


def holders(connection: Connection, provider_id: int, after: int, most: int, now: int | None) -> list[HolderRow]:
    """Return all that the next consumers hold of a provider, in the order of the consumers' ids.

    now: as of `counted`.
    """
    of_provider = allocations.c.provider_id == provider_id
    consumer_id = allocations.c.consumer_id
    holding = _holding([provider_id], now).where(consumer_id > after)
    found = holding.distinct().order_by(consumer_id).limit(most)
    ids = [number for (number,) in connection.execute(found).all()]
    if not ids:
        return []
    held = (
        select(*HOLDER)
        .join(consumers, consumers.c.id == consumer_id)
        .where(of_provider, consumer_id.between(ids[0], ids[-1]), counted(now))
        .order_by(consumer_id, allocations.c.class_id)
    )
    return list(map(HolderRow._make, connection.execute(held).all()))


def some_holders(connection: Connection, provider_ids: Sequence[int], most: int, now: int | None) -> list[HolderRow]:
    """Return all that some consumers hold of these providers: any of those that hold some. now: as of `counted`."""
    of_providers, consumer_id = allocations.c.provider_id.in_(provider_ids), allocations.c.consumer_id
    ids = list(connection.execute(_holding(provider_ids, now).distinct().limit(most)).scalars())
    held = (
        select(*HOLDER)
        .join(consumers, consumers.c.id == consumer_id)
        .where(of_providers, consumer_id.in_(ids))
        .order_by(consumer_id, allocations.c.class_id)
    )
    return list(map(HolderRow._make, connection.execute(held).all()))


def _holding(provider_ids: Sequence[int], now: int | None) -> Select[Any]:
    """Return the query of the ids of consumers that hold something of providers, as often as they do."""
    query = select(allocations.c.consumer_id).where(allocations.c.provider_id.in_(provider_ids))
    if now is None:
        return query
    return query.join(consumers, consumers.c.id == allocations.c.consumer_id).where(counted(now))


def count_holders(connection: Connection, provider_ids: Sequence[int], most: int, now: int | None) -> int:
    """Return how many consumers hold something of some of these providers, counted up to a limit."""
    some = _holding(provider_ids, now).distinct().limit(most).subquery()
    number: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return number


def by_uuid(connection: Connection, filter_: ConsumerFilter, after: str, most: int) -> list[ConsumerRow]:
    """Return consumers in the order of their uuids."""
    query = _matching(filter_).where(consumers.c.uuid > after).order_by(consumers.c.uuid).limit(most)
    return list(map(ConsumerRow._make, connection.execute(query).all()))


def some_of(connection: Connection, filter_: ConsumerFilter, uuids: Sequence[str], most: int) -> list[ConsumerRow]:
    """Return those of some consumers that match: in pieces, until there are enough."""
    matching, rows = _matching(filter_), list[ConsumerRow]()
    for begin in range(0, len(uuids), IN_ONE_STATEMENT):
        some = consumers.c.uuid.in_(uuids[begin : begin + IN_ONE_STATEMENT])
        rows += map(ConsumerRow._make, connection.execute(matching.where(some)))
        if len(rows) >= most:
            break
    return rows


def uuids(
    connection: Connection,
    project: str | None,
    holding: Sequence[Sequence[int]],
    after: str,
    most: int,
    now: int | None,
) -> list[str]:
    """Return the uuids of consumers, in order.

    holding: of each of these lists of providers they hold something. now: as of `counted`.
    """
    query = (
        select(consumers.c.uuid).where(consumers.c.uuid > after, counted(now)).order_by(consumers.c.uuid).limit(most)
    )
    if project is not None:
        query = query.where(consumers.c.project == project)
    for ids in holding:
        holders_of_some = select(allocations.c.consumer_id).where(allocations.c.provider_id.in_(ids))
        query = query.where(consumers.c.id.in_(holders_of_some))
    return list(connection.execute(query).scalars())


def oldest(connection: Connection, filter_: ConsumerFilter, after: int, most: int) -> list[ConsumerRow]:
    """Return consumers, those first that hold something the longest: in the order of their ids, which never change."""
    query = _matching(filter_).where(consumers.c.id > after).order_by(consumers.c.id).limit(most)
    if filter_.by_amount_only:
        # In two steps: for both at once PostgreSQL reads all that match, and sorts them.
        consumer_id = allocations.c.consumer_id
        found = select(consumer_id).where(amount_condition(filter_), consumer_id > after)
        ids = connection.execute(found.distinct().order_by(consumer_id).limit(most)).scalars().all()
        query = select(*CONSUMER).where(consumers.c.id.in_(ids)).order_by(consumers.c.id)
    return list(map(ConsumerRow._make, connection.execute(query).all()))


def largest(connection: Connection, filter_: ConsumerFilter, most: int) -> list[tuple[ConsumerRow, int]]:
    """Return consumers with how much they hold of the class, the largest amount first."""
    held = _held(filter_)
    query = _restrict_owner(select(*CONSUMER, held.c.amount), filter_).join(held, held.c.consumer_id == consumers.c.id)
    found = connection.execute(query.order_by(held.c.amount.desc(), consumers.c.uuid).limit(most))
    return [(ConsumerRow(*row[:-1]), int(row[-1])) for row in found]


def amounts(connection: Connection, filter_: ConsumerFilter) -> Generator[list[tuple[str, int]], None, None]:
    """Yield the uuid of every consumer with how much it holds of the class, in no order, some at a time."""
    held = _held(filter_)
    query = _restrict_owner(select(consumers.c.uuid, held.c.amount), filter_)
    query = query.join(held, held.c.consumer_id == consumers.c.id)
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as found:
        for rows in found.partitions():
            yield [(uuid, int(amount)) for uuid, amount in rows]


def among(connection: Connection, filter_: ConsumerFilter, uuids: Sequence[str]) -> dict[str, ConsumerRow]:
    """Return by uuid those of some consumers that match, by a filter that depends on what they hold."""
    holds = and_(allocations.c.consumer_id == consumers.c.id, amount_condition(filter_))
    matching, rows = _restrict_owner(select(*CONSUMER), filter_).join(allocations, holds), dict[str, ConsumerRow]()
    for begin in range(0, len(uuids), IN_ONE_STATEMENT):
        some = consumers.c.uuid.in_(uuids[begin : begin + IN_ONE_STATEMENT])
        rows.update((row.uuid, ConsumerRow._make(row)) for row in connection.execute(matching.where(some)).all())
    return rows


def projects(
    connection: Connection, after: str, most: int, now: int | None, part: str = "", *, totals: bool = True
) -> ProjectRows:
    """Return projects by name, with what their consumers hold. now: as of `counted`.

    part: only those with this in their names; totals: whether to sum what they hold, which reads all of it.
    """
    project = consumers.c.project
    conditions = [project > after, counted(now), *([has_part(project, part)] if part else [])]
    found = select(project).where(*conditions).distinct().order_by(project).limit(most)
    names = [name for (name,) in connection.execute(found)]
    if not names:
        return ProjectRows([], [], [])
    among = and_(_among(project, names, every=not (after or part) and len(names) < most, part=part), counted(now))
    if not totals:
        counted_only = select(project, func.count()).where(among).group_by(project)
        return ProjectRows(names, [(name, None, count) for name, count in connection.execute(counted_only)], [])
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


def _among(project: ColumnElement[str], names: Sequence[str], *, every: bool, part: str) -> ColumnElement[bool]:
    """Return the condition on the project of a consumer that it is one of a page, in order.

    Without one where the page has every project: a database with a condition would go through an index, and look up
    each of all consumers.
    """
    if every:
        return true()
    return project.in_(names) if part else project.between(names[0], names[-1])


def largest_users(connection: Connection, class_id: int, most: int, now: int | None) -> list[tuple[str, str, int, int]]:
    """Return (project, user, number of consumers, amount) of who holds the most of a class. now: as of `counted`."""
    owner, amount = (consumers.c.project, consumers.c.user), func.sum(allocations.c.amount)
    found = (
        select(*owner, func.count(consumers.c.id.distinct()), amount)
        .join(allocations, allocations.c.consumer_id == consumers.c.id)
        .where(allocations.c.class_id == class_id, counted(now))
        .group_by(*owner)
        .order_by(amount.desc(), *owner)
        .limit(most)
    )
    return [(project, user, count, int(total)) for project, user, count, total in connection.execute(found)]


def holdings(
    connection: Connection, provider_ids: Sequence[int], after: int, most: int, now: int | None
) -> list[tuple[int, HolderRow]]:
    """Return what the next consumers hold of these providers, each with the provider's id, by consumer.

    after: the id of the consumer of the last page; most: of consumers; now: as of `counted`.
    """
    consumer_id = allocations.c.consumer_id
    found = _holding(provider_ids, now).where(consumer_id > after).distinct().order_by(consumer_id).limit(most)
    ids = list(connection.execute(found).scalars())
    held = (
        select(allocations.c.provider_id, *HOLDER)
        .join(consumers, consumers.c.id == consumer_id)
        .where(allocations.c.provider_id.in_(provider_ids), consumer_id.in_(ids))
        .order_by(consumer_id, allocations.c.provider_id, allocations.c.class_id)
    )
    return [(row[0], HolderRow._make(row[1:])) for row in connection.execute(held)] if ids else []


def _held(filter_: ConsumerFilter) -> Subquery:
    """Return how much each consumer holds of what counts."""
    amount = func.sum(allocations.c.amount).label("amount")
    held = select(allocations.c.consumer_id, amount).where(amount_condition(filter_))
    return held.group_by(allocations.c.consumer_id).subquery()


def _matching(filter_: ConsumerFilter) -> Select[Any]:
    query = _restrict_owner(select(*CONSUMER), filter_)
    if filter_.by_amount:
        mine = select(allocations.c.consumer_id).where(
            allocations.c.consumer_id == consumers.c.id, amount_condition(filter_)
        )
        query = query.where(mine.exists())
    return query


def _restrict_owner(query: Select[Any], filter_: ConsumerFilter) -> Select[Any]:
    conditions = owner_conditions(filter_) + other_conditions(filter_) + name_conditions("", None, filter_.text)
    return query.where(*conditions) if conditions else query


def owner_conditions(filter_: ConsumerFilter) -> list[ColumnElement[bool]]:
    """Return the conditions on consumers for which there is an index: of project, name and uuid."""
    conditions: list[ColumnElement[bool]] = []
    if filter_.project:
        conditions.append(consumers.c.project == filter_.project)
        if filter_.user:
            conditions.append(consumers.c.user == filter_.user)
    return conditions + name_conditions(filter_.name, filter_.uuids, "")


def other_conditions(filter_: ConsumerFilter) -> list[ColumnElement[bool]]:
    """Return the conditions on consumers for which there is none, without that on name and note."""
    conditions: list[ColumnElement[bool]] = []
    end, deadline = consumers.c.end, consumers.c.deadline
    if filter_.now is not None:
        conditions.append(counted(filter_.now))
    if filter_.user and not filter_.project:
        conditions.append(consumers.c.user == filter_.user)
    if filter_.untyped:
        conditions.append(consumers.c.type_id.is_(None))
    elif filter_.type_id is not None:
        conditions.append(consumers.c.type_id == filter_.type_id)
    if filter_.pending is not None:
        conditions.append(deadline.is_not(None) if filter_.pending else deadline.is_(None))
    if filter_.due_by is not None:
        conditions.append(or_(end <= filter_.due_by, deadline <= filter_.due_by))
    return conditions


def amount_condition(filter_: ConsumerFilter) -> ColumnElement[bool]:
    """Return the condition on the amounts that count."""
    conditions: list[ColumnElement[bool]] = []
    if filter_.provider_id is not None:
        conditions.append(allocations.c.provider_id == filter_.provider_id)
    if filter_.class_id is not None:
        conditions.append(allocations.c.class_id == filter_.class_id)
    return and_(*conditions)
