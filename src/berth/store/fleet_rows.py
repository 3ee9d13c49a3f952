"""The whole fleet as rows, streamed, for building it in memory: a million providers are not held twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from berth.store.tables import inventories, provider_aggregates, provider_traits, providers

ROWS_AT_ONCE = 20_000

_PROVIDERS = select(
    providers.c.id,
    providers.c.uuid,
    providers.c.name,
    providers.c.generation,
    providers.c.parent_id,
    providers.c.root_id,
    providers.c.created_at,
    providers.c.updated_at,
).order_by(providers.c.id)
_INVENTORIES = select(
    inventories.c.provider_id,
    inventories.c.class_id,
    inventories.c.total,
    inventories.c.reserved,
    inventories.c.min_unit,
    inventories.c.max_unit,
    inventories.c.step_size,
    inventories.c.allocation_ratio,
    inventories.c.updated_at,
).order_by(inventories.c.provider_id, inventories.c.class_id)
_TRAITS = select(provider_traits.c.provider_id, provider_traits.c.trait_id).order_by(
    provider_traits.c.provider_id, provider_traits.c.trait_id
)
_AGGREGATES = select(provider_aggregates.c.provider_id, provider_aggregates.c.aggregate_id).order_by(
    provider_aggregates.c.provider_id, provider_aggregates.c.aggregate_id
)

RowChunks = Iterator[Sequence[Row[Any]]]


def all_providers(connection: Connection) -> RowChunks:
    """Yield every provider, by id: (id, uuid, name, generation, parent_id, root_id, created_at, updated_at)."""
    return _chunks(connection, _PROVIDERS)


def all_inventories(connection: Connection) -> RowChunks:
    """Yield every inventory, by provider: (provider_id, class_id, total ... allocation_ratio, updated_at)."""
    return _chunks(connection, _INVENTORIES)


def all_traits(connection: Connection) -> RowChunks:
    """Yield every trait of every provider: (provider_id, trait_id)."""
    return _chunks(connection, _TRAITS)


def all_aggregates(connection: Connection) -> RowChunks:
    """Yield every aggregate of every provider: (provider_id, aggregate_id)."""
    return _chunks(connection, _AGGREGATES)


def _chunks(connection: Connection, query: Select[Any]) -> RowChunks:
    # Executed when the first row is read: a connection has one stream at a time.
    yield from connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).partitions()
