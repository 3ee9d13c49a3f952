"""What one commit writes: rows per table, each table's in one statement per kind of write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Executable, bindparam, delete, insert, update

from berth.store.tables import (
    allocations,
    consumers,
    inventories,
    names,
    provider_aggregates,
    provider_traits,
    providers,
)

RowList = list[dict[str, Any]]


class StaleRead(Exception):
    """A row was not as it was read: somebody wrote who did not hold the head's lock."""


def _rows() -> RowList:
    return []


@dataclass(slots=True)
class Rows:
    """Rows to write, named after the statement that writes them. Fields stand in the order they are written."""

    end_allocations: RowList = field(default_factory=_rows)
    end_consumers: RowList = field(default_factory=_rows)
    clear_inventories: RowList = field(default_factory=_rows)
    clear_traits: RowList = field(default_factory=_rows)
    clear_aggregates: RowList = field(default_factory=_rows)
    delete_providers: RowList = field(default_factory=_rows)
    delete_names: RowList = field(default_factory=_rows)
    rename_names: RowList = field(default_factory=_rows)
    add_names: RowList = field(default_factory=_rows)
    add_providers: RowList = field(default_factory=_rows)
    change_providers: RowList = field(default_factory=_rows)
    touch_providers: RowList = field(default_factory=_rows)
    add_inventories: RowList = field(default_factory=_rows)
    add_traits: RowList = field(default_factory=_rows)
    add_aggregates: RowList = field(default_factory=_rows)
    add_consumers: RowList = field(default_factory=_rows)
    change_consumers: RowList = field(default_factory=_rows)
    add_allocations: RowList = field(default_factory=_rows)


_AT_GENERATION = (providers.c.id == bindparam("key"), providers.c.generation == bindparam("seen"))

_STATEMENTS: Final[dict[str, Executable]] = {
    "end_allocations": delete(allocations).where(allocations.c.consumer_id == bindparam("key")),
    "end_consumers": delete(consumers).where(consumers.c.id == bindparam("key")),
    "clear_inventories": delete(inventories).where(inventories.c.provider_id == bindparam("key")),
    "clear_traits": delete(provider_traits).where(provider_traits.c.provider_id == bindparam("key")),
    "clear_aggregates": delete(provider_aggregates).where(provider_aggregates.c.provider_id == bindparam("key")),
    "delete_providers": delete(providers).where(*_AT_GENERATION),
    "delete_names": delete(names).where(names.c.id == bindparam("key")),
    "rename_names": update(names).where(names.c.id == bindparam("key")).values(name=bindparam("to")),
    "add_names": insert(names),
    "add_providers": insert(providers),
    "change_providers": update(providers)
    .where(*_AT_GENERATION)
    .values(
        name=bindparam("new_name"),
        generation=bindparam("to"),
        parent_id=bindparam("parent"),
        root_id=bindparam("root"),
        updated_at=bindparam("at"),
    ),
    "touch_providers": update(providers)
    .where(*_AT_GENERATION)
    .values(generation=bindparam("to"), updated_at=bindparam("at")),
    "add_inventories": insert(inventories),
    "add_traits": insert(provider_traits),
    "add_aggregates": insert(provider_aggregates),
    "add_consumers": insert(consumers),
    "change_consumers": update(consumers)
    .where(consumers.c.id == bindparam("key"))
    .values(
        generation=bindparam("to"),
        project=bindparam("new_project"),
        user=bindparam("new_user"),
        type_id=bindparam("type"),
        updated_at=bindparam("at"),
    ),
    "add_allocations": insert(allocations),
}

_GUARDED = frozenset({"delete_providers", "change_providers", "touch_providers"})


def write(connection: Connection, rows: Rows) -> None:
    """Write all rows, in the order that foreign keys need; StaleRead if a provider's generation was not as read."""
    for name, statement in _STATEMENTS.items():
        values: RowList = getattr(rows, name)
        if not values:
            continue
        result = connection.execute(statement, values)
        if name in _GUARDED and result.rowcount != len(values):
            raise StaleRead(name)
