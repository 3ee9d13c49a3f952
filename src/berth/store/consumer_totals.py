"""How many consumers or projects match, counted up to a bound."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select, true

from berth.store import consumer_pages
from berth.store.consumer_names import name_conditions
from berth.store.consumer_pages import ConsumerFilter, amount_condition, owner_conditions
from berth.store.consumers import counted
from berth.store.tables import allocations, consumers

MOST_EXAMINED: Final = 20_000
"""How many rows are read to count: as a total is only information, it must not cost more than the page it is with."""

MOST_LOOKED_UP: Final = 1_000
"""Of how many consumers that are known by uuid is looked up whether they match."""


class Total(NamedTuple):
    """How many there are. bounded: counting ended at a bound, so that there may be more."""

    number: int
    bounded: bool


def matching(connection: Connection, filter_: ConsumerFilter) -> Total:
    """Return how many consumers match, examining rows of the index that fits the filter best, up to MOST_EXAMINED."""
    if filter_.provider_id is not None or (filter_.class_id is not None and not filter_.project):
        return _holding(connection, filter_)
    indexed, rest = owner_conditions(filter_), _rest(filter_)
    some = select(consumers.c.id).where(*indexed).limit(MOST_EXAMINED).subquery()
    if filter_.class_id is not None:
        holds = select(allocations.c.consumer_id).where(
            allocations.c.consumer_id == consumers.c.id, amount_condition(filter_)
        )
        rest = and_(rest, holds.exists())
    joined = some if rest is _ALL else some.join(consumers, consumers.c.id == some.c.id)
    return _read(connection, select(func.count(), func.count(case((rest, 1)))).select_from(joined))


def _holding(connection: Connection, filter_: ConsumerFilter) -> Total:
    """Return how many consumers that hold something match; their allocations are read in the order of an index."""
    table = allocations.c
    of_provider = true() if filter_.provider_id is None else table.provider_id == filter_.provider_id
    some = select(table.consumer_id, table.class_id).where(of_provider).limit(MOST_EXAMINED).subquery()
    rest = and_(_rest(filter_), *owner_conditions(filter_))
    if filter_.class_id is not None:
        rest = and_(rest, some.c.class_id == filter_.class_id)
    found = func.count(case((rest, some.c.consumer_id)).distinct())
    joined = some.join(consumers, consumers.c.id == some.c.consumer_id)
    return _read(connection, select(func.count(), found).select_from(joined))


def among(connection: Connection, filter_: ConsumerFilter, uuids: list[str]) -> Total:
    """Return how many of these consumers match."""
    some = uuids[:MOST_LOOKED_UP]
    found = consumer_pages.some_of(connection, filter_, some, len(some) + 1)
    return Total(len(found), len(uuids) > MOST_LOOKED_UP)


def projects(connection: Connection, now: int | None) -> Total:
    """Return how many projects have consumers. now: as of `store.consumers.counted`."""
    query = select(consumers.c.project).where(counted(now)).order_by(consumers.c.project).limit(MOST_EXAMINED)
    some = query.subquery()
    return _read(connection, select(func.count(), func.count(some.c.project.distinct())).select_from(some))


def _read(connection: Connection, query: Select[int, int]) -> Total:
    examined, number = connection.execute(query).one()
    return Total(number, examined >= MOST_EXAMINED)


_ALL: Final = true()


def _rest(filter_: ConsumerFilter) -> ColumnElement[bool]:
    """Return the conditions for which there is no index."""
    conditions = consumer_pages.other_conditions(filter_) + name_conditions("", None, filter_.text)
    return and_(*conditions) if conditions else _ALL
