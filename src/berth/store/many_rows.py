"""Deletes and touches of many rows in few statements, for databases whose driver sends one for each row.

PostgreSQL takes all rows in one JSON value (berth.store.prepared), and SQLite needs no round trip.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, delete, tuple_, update

from berth.store.consumers import IN_ONE_STATEMENT
from berth.store.tables import drains, inventories, provider_aggregates, provider_traits, providers

MANY: Final = 100
"""From how many rows on a statement that names its rows is worth its compilation."""

ROW_BY_ROW: Final = frozenset({"mysql", "mariadb"})
"""The dialects whose drivers send an UPDATE or a DELETE once for each row, each with a round trip."""

WriteMany = Callable[[Connection, Sequence[Mapping[str, Any]]], int]
"""Writes rows. Returns how many rows of the table were affected."""

_SEEN = tuple_(providers.c.id, providers.c.generation).in_(bindparam("seen", expanding=True))
_TOUCH = (
    update(providers)
    .where(providers.c.id.in_(bindparam("keys", expanding=True)), _SEEN)
    .values(generation=providers.c.generation + bindparam("by"), updated_at=bindparam("at"))
)


def touch_providers(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Raise generations, where they are as seen: in as many statements as there are differences, and for each 500."""
    alike: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        alike[row["to"] - row["seen"], row["at"]].append((row["key"], row["seen"]))
    touched = 0
    for (by, at), seen in alike.items():
        for first in range(0, len(seen), IN_ONE_STATEMENT):
            some = seen[first : first + IN_ONE_STATEMENT]
            values = {"keys": [key for key, _ in some], "seen": some, "by": by, "at": at}
            touched += connection.execute(_TOUCH, values).rowcount
    return touched


def _deleting(table: Table) -> WriteMany:
    """Return what deletes all rows of providers, given by their ids."""
    statement = delete(table).where(table.c.provider_id.in_(bindparam("keys", expanding=True)))

    def delete_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        keys = [row["key"] for row in rows]
        parts = (keys[first : first + IN_ONE_STATEMENT] for first in range(0, len(keys), IN_ONE_STATEMENT))
        return sum(connection.execute(statement, {"keys": part}).rowcount for part in parts)

    return delete_rows


WRITE_MANY: Final[Mapping[str, WriteMany]] = {
    "clear_inventories": _deleting(inventories),
    "clear_traits": _deleting(provider_traits),
    "clear_aggregates": _deleting(provider_aggregates),
    "clear_drains": _deleting(drains),
    "touch_providers": touch_providers,
}
"""By the names of the fields of a write set."""
