"""The consumers of a part of the ledger, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from berth.store.consumers import IN_ONE_STATEMENT, counted
from berth.store.tables import allocations, consumers

PAGE: Final = IN_ONE_STATEMENT
"""How many consumers are read at once."""


class ScopeRow(NamedTuple):
    """A consumer. deadline: of a hold; change: the number of the last one that wrote it, None if older than these."""

    id: int
    uuid: str
    generation: int
    project: str
    user: str
    type_id: int | None
    deadline: int | None
    change: int | None


@dataclass(frozen=True, slots=True)
class ConsumerScope:
    """Which consumers to read. provider_ids: of which they have something, None: of any; now: as of `counted`."""

    provider_ids: Sequence[int] | None = None
    project: str = ""
    type_id: int | None = None
    now: int | None = None


_COLUMNS = [consumers.c[name] for name in ScopeRow._fields]
_HOLDERS = (
    select(allocations.c.consumer_id)
    .where(allocations.c.provider_id.in_(bindparam("providers", expanding=True)))
    .distinct()
)


def in_scope(connection: Connection, scope: ConsumerScope) -> Iterator[list[ScopeRow]]:
    """Yield pages of the consumers of a scope, in the order of their ids."""
    query = select(*_COLUMNS).where(counted(scope.now)).order_by(consumers.c.id)
    if scope.project:
        query = query.where(consumers.c.project == scope.project)
    if scope.type_id is not None:
        query = query.where(consumers.c.type_id == scope.type_id)
    if scope.provider_ids is None:
        after, some = 0, query.where(consumers.c.id > bindparam("after")).limit(PAGE)
        while rows := [ScopeRow(*row) for row in connection.execute(some, {"after": after})]:
            yield rows
            after = rows[-1].id
        return
    some = query.where(consumers.c.id.in_(bindparam("ids", expanding=True)))
    for ids in _chunks(sorted(_holders(connection, scope.provider_ids))):
        yield [ScopeRow(*row) for row in connection.execute(some, {"ids": ids})]


def _holders(connection: Connection, provider_ids: Sequence[int]) -> set[int]:
    return {number for some in _chunks(provider_ids) for (number,) in connection.execute(_HOLDERS, {"providers": some})}


def _chunks(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[begin : begin + PAGE] for begin in range(0, len(values), PAGE))
