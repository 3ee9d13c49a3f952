"""The statements of a mend: the rows of some providers and consumers, and what makes them sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, select, update

from berth.store.tables import allocations, consumers, inventories, provider_aggregates, provider_traits, providers

_AT_ONCE: Final = 500
"""How many values one IN list binds."""

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_PROVIDERS = select(providers).where(providers.c.id.in_(_IDS)).order_by(providers.c.id)
_PROVIDER_UUIDS = select(providers.c.id, providers.c.uuid).where(providers.c.id.in_(_IDS))
_INVENTORIES = select(inventories).where(inventories.c.provider_id.in_(_IDS))
_TRAITS = select(provider_traits).where(provider_traits.c.provider_id.in_(_IDS))
_AGGREGATES = select(provider_aggregates).where(provider_aggregates.c.provider_id.in_(_IDS))
_HELD_OF = select(allocations).where(allocations.c.provider_id.in_(_IDS))
_CONSUMERS = select(consumers).where(consumers.c.id.in_(_IDS)).order_by(consumers.c.id)
_HELD_BY = select(allocations).where(allocations.c.consumer_id.in_(_IDS))
_PROVIDER_IDS = select(providers.c.id).where(providers.c.uuid.in_(_IDS))
_CONSUMER_IDS = select(consumers.c.id).where(consumers.c.uuid.in_(_IDS))

_SET_INVENTORY = (
    update(inventories)
    .where(inventories.c.provider_id == bindparam("provider"), inventories.c.class_id == bindparam("class"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio", "updated_at")
        }
    )
)
_SET_AMOUNT = (
    update(allocations)
    .where(
        allocations.c.consumer_id == bindparam("consumer"),
        allocations.c.provider_id == bindparam("provider"),
        allocations.c.class_id == bindparam("class"),
    )
    .values(amount=bindparam("new_amount"))
)
_TOUCH_PROVIDER = (
    update(providers)
    .where(providers.c.id == bindparam("key"))
    .values(generation=providers.c.generation + 1, updated_at=bindparam("now"))
)
_TOUCH_CONSUMER = (
    update(consumers)
    .where(consumers.c.id == bindparam("key"))
    .values(generation=consumers.c.generation + 1, updated_at=bindparam("now"))
)


def provider_ids(connection: Connection, uuids: Iterable[str]) -> set[int]:
    """Return the ids of those of these providers that exist."""
    return {row.id for row in _rows(connection, _PROVIDER_IDS, uuids)}


def consumer_ids(connection: Connection, uuids: Iterable[str]) -> set[int]:
    """Return the ids of those of these consumers that exist."""
    return {row.id for row in _rows(connection, _CONSUMER_IDS, uuids)}


def provider_rows(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return the rows of these providers."""
    return list(_rows(connection, _PROVIDERS, ids))


def provider_uuids(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the uuids of these providers, by id."""
    return {row.id: row.uuid for row in _rows(connection, _PROVIDER_UUIDS, ids)}


def inventory_rows(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return the inventories of these providers."""
    return list(_rows(connection, _INVENTORIES, ids))


def trait_rows(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return the traits of these providers: (provider_id, trait_id)."""
    return list(_rows(connection, _TRAITS, ids))


def aggregate_rows(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return the aggregates of these providers: (provider_id, aggregate_id)."""
    return list(_rows(connection, _AGGREGATES, ids))


def held_of(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return what is held of these providers: (consumer_id, provider_id, class_id, amount)."""
    return list(_rows(connection, _HELD_OF, ids))


def consumer_rows(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return the rows of these consumers."""
    return list(_rows(connection, _CONSUMERS, ids))


def held_by(connection: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Return what these consumers hold: (consumer_id, provider_id, class_id, amount)."""
    return list(_rows(connection, _HELD_BY, ids))


def set_inventories(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Update inventories. rows: provider, class, and each other column as new_<column>."""
    if rows:
        connection.execute(_SET_INVENTORY, rows)


def set_amounts(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Update amounts that are held. rows: consumer, provider, class, new_amount."""
    if rows:
        connection.execute(_SET_AMOUNT, rows)


def touch(connection: Connection, provider_ids: Iterable[int], consumer_ids: Iterable[int], now: int) -> None:
    """Raise generations by one. now: in microseconds since 1970 UTC."""
    for statement, ids in ((_TOUCH_PROVIDER, provider_ids), (_TOUCH_CONSUMER, consumer_ids)):
        rows = [{"key": each, "now": now} for each in ids]
        if rows:
            connection.execute(statement, rows)


def _rows(connection: Connection, query: Select[Any], keys: Iterable[Any]) -> Iterator[Row[Any]]:
    remaining = iter(keys)
    while some := list(islice(remaining, _AT_ONCE)):
        yield from connection.execute(query, {"ids": some}).all()
