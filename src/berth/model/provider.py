"""Resource providers: hosts and other things whose resources can be claimed."""

from __future__ import annotations

import msgspec


class Provider(msgspec.Struct, frozen=True):
    """A host, a NUMA node, a GPU, a storage pool, a licence server.

    uuid: canonical; generation: counts the changes of its inventories, traits, aggregates and allocations;
    parent: the uuid of the provider above, None for a root; root: the uuid of the top of its tree,
    which is its own for a root; created_at, updated_at: microseconds since 1970 UTC.
    """

    uuid: str
    name: str
    generation: int
    parent: str | None
    root: str
    created_at: int
    updated_at: int


class InventoryUsage(msgspec.Struct, frozen=True):
    """An inventory in the ledger: its numbers, how much is held, and when it last changed."""

    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float
    used: int
    updated_at: int


class ProviderInventories(msgspec.Struct, frozen=True):
    """All inventories of one provider, by class, with the generation they were read at."""

    generation: int
    inventories: dict[str, InventoryUsage]


class ProviderTraits(msgspec.Struct, frozen=True):
    """The traits of one provider (standard ones first), with the generation they were read at."""

    generation: int
    traits: list[str]


class ProviderAggregates(msgspec.Struct, frozen=True):
    """The aggregates of one provider (uuids, spelled as they were given), with the generation they were read at."""

    generation: int
    aggregates: list[str]


class ProviderUsages(msgspec.Struct, frozen=True):
    """How much of each class of a provider is held, with the generation it was read at."""

    generation: int
    usages: dict[str, int]
