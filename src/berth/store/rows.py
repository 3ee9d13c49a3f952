"""What one commit writes: rows per table, each table's in one statement per kind of write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, delete, insert, update
from sqlalchemy.sql.expression import ClauseElement

from berth.store.backend import StaleRead
from berth.store.prepared import Prepared
from berth.store.tables import (
    allocations,
    consumers,
    inventories,
    names,
    provider_aggregates,
    provider_traits,
    providers,
    tokens,
)

RowList = list[dict[str, Any]]


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
    add_tokens: RowList = field(default_factory=_rows)
    change_tokens: RowList = field(default_factory=_rows)


_AT_GENERATION = (providers.c.id == bindparam("key"), providers.c.generation == bindparam("seen"))


def _insert(table: Table) -> Prepared:
    return Prepared(insert(table), table.columns.keys())


def _prepared(statement: ClauseElement) -> Prepared:
    return Prepared(statement, ())


def _by_key(table: Table, column: str) -> Prepared:
    return _prepared(delete(table).where(table.c[column] == bindparam("key")))


_STATEMENTS: Final[dict[str, Prepared]] = {
    "end_allocations": _by_key(allocations, "consumer_id"),
    "end_consumers": _by_key(consumers, "id"),
    "clear_inventories": _by_key(inventories, "provider_id"),
    "clear_traits": _by_key(provider_traits, "provider_id"),
    "clear_aggregates": _by_key(provider_aggregates, "provider_id"),
    "delete_providers": _prepared(delete(providers).where(*_AT_GENERATION)),
    "delete_names": _by_key(names, "id"),
    "rename_names": _prepared(update(names).where(names.c.id == bindparam("key")).values(name=bindparam("to"))),
    "add_names": _insert(names),
    "add_providers": _insert(providers),
    "change_providers": _prepared(
        update(providers)
        .where(*_AT_GENERATION)
        .values(
            name=bindparam("new_name"),
            generation=bindparam("to"),
            parent_id=bindparam("parent"),
            root_id=bindparam("root"),
            updated_at=bindparam("at"),
        )
    ),
    "touch_providers": _prepared(
        update(providers).where(*_AT_GENERATION).values(generation=bindparam("to"), updated_at=bindparam("at"))
    ),
    "add_inventories": _insert(inventories),
    "add_traits": _insert(provider_traits),
    "add_aggregates": _insert(provider_aggregates),
    "add_consumers": _insert(consumers),
    "change_consumers": _prepared(
        update(consumers)
        .where(consumers.c.id == bindparam("key"))
        .values(
            generation=bindparam("to"),
            project=bindparam("new_project"),
            user=bindparam("new_user"),
            type_id=bindparam("type"),
            updated_at=bindparam("at"),
        )
    ),
    "add_allocations": _insert(allocations),
    "add_tokens": _insert(tokens),
    "change_tokens": _prepared(
        update(tokens)
        .where(tokens.c.id == bindparam("key"))
        .values(
            hash=bindparam("to"),
            previous_hash=bindparam("old"),
            previous_until=bindparam("until"),
            expires_at=bindparam("expires"),
            revoked_at=bindparam("revoked"),
        )
    ),
}

_GUARDED = frozenset({"delete_providers", "change_providers", "touch_providers"})


def write(connection: Connection, rows: Rows) -> None:
    """Write all rows, in the order that foreign keys need; StaleRead if a provider's generation was not as read."""
    for name, statement in _STATEMENTS.items():
        values: RowList = getattr(rows, name)
        if not values:
            continue
        touched = statement.run(connection, values)
        if name in _GUARDED and touched != len(values):
            raise StaleRead(f"a row was not as it was read ({name})")
