"""Providers as values: one with its inventories, traits or aggregates, and the providers that match a query."""

from __future__ import annotations

from typing import Any

import numpy as np

from berth.fleet.checked import Check, checked, unchecked
from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import SlotRange, has_room, provider_matches
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.provider import (
    InventoryUsage,
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
)
from berth.model.request import ProviderQuery


def provider(fleet: Fleet, uuid: str) -> Provider:
    """Return one provider; raises ProviderNotFound."""
    return _provider(fleet, fleet.slot(uuid))


def providers(fleet: Fleet, query: ProviderQuery, check: Check = unchecked) -> list[Provider]:
    """Return every provider that matches on its own (without providers that share with it).

    check: called now and then; it may raise what ends the query.
    """
    compiled = compile_filter(fleet, query, joint_traits=False)
    if not compiled.possible:
        return []
    if query.uuid is not None or query.name is not None:
        slot = fleet.slot_of.get(query.uuid) if query.uuid is not None else fleet.slot_of_name.get(query.name or "")
        if slot is None or (query.name is not None and fleet.names[slot] != query.name):
            return []
        view = SlotRange(slot, slot + 1)
    else:
        view = SlotRange(0, len(fleet.uuids))
    ok = view.take(fleet.root) != NO_SLOT
    matching = has_room(fleet, compiled.demands, view, provider_matches(fleet, compiled, view))
    if matching is not None:
        ok = ok & matching
    return [_provider(fleet, slot) for slot in checked((np.flatnonzero(ok) + view.first).tolist(), check)]


def inventories(fleet: Fleet, uuid: str) -> ProviderInventories:
    """Return a provider's inventories, by class."""
    slot = fleet.slot(uuid)
    return ProviderInventories(_generation(fleet, slot), dict(_inventories_at(fleet, slot)))


def usages(fleet: Fleet, uuid: str) -> ProviderUsages:
    """Return how much of each class of a provider is used."""
    slot = fleet.slot(uuid)
    return ProviderUsages(_generation(fleet, slot), {name: usage.used for name, usage in _inventories_at(fleet, slot)})


def traits(fleet: Fleet, uuid: str) -> ProviderTraits:
    """Return a provider's traits, standard ones first."""
    slot = fleet.slot(uuid)
    return ProviderTraits(_generation(fleet, slot), list(map(fleet.catalogue.name_of, sorted(fleet.traits_of(slot)))))


def aggregates(fleet: Fleet, uuid: str) -> ProviderAggregates:
    """Return a provider's aggregates, spelled as they were given, oldest first."""
    slot = fleet.slot(uuid)
    return ProviderAggregates(
        _generation(fleet, slot),
        [fleet.catalogue.name_of(number) for number in sorted(fleet.given_aggregates_of(slot))],
    )


def associated_traits(fleet: Fleet) -> set[int]:
    """Return the ids of the traits that some provider has."""
    in_use = np.unique(fleet.trait_set.values[fleet.root.values != NO_SLOT]).tolist()
    return set().union(*(fleet.trait_sets.sets[number] for number in in_use))


def snapshot(fleet: Fleet) -> dict[str, Any]:
    """Return the whole fleet as plain values that do not depend on slots: equal fleets have equal snapshots."""
    by_uuid = {
        uuid: (
            _provider(fleet, slot),
            fleet.id.item(slot),
            dict(_inventories_at(fleet, slot)),
            traits(fleet, uuid),
            aggregates(fleet, uuid),
            sorted(fleet.uuids[child] for child in fleet.children.get(slot, ())),
            sorted(fleet.uuids[member] for member in fleet.members.get(slot, ())),
            bool(fleet.nested.values[slot]),
            sorted(fleet.uuids[other] for other in fleet.shared_with_set(fleet.aggregate_set.item(slot))),
            fleet.drains.by_slot.get(slot),
        )
        for uuid, slot in fleet.slot_of.items()
    }
    rows = {fleet.catalogue.name_of(number): len(column) for number, column in fleet.columns.items() if len(column)}
    return {"head": fleet.head, "names": fleet.catalogue.snapshot(), "rows": rows, "providers": by_uuid}


def _generation(fleet: Fleet, slot: int) -> int:
    return fleet.generation.item(slot)


def _provider(fleet: Fleet, slot: int) -> Provider:
    parent = fleet.parent.item(slot)
    return Provider(
        uuid=fleet.uuids[slot],
        name=fleet.names[slot],
        generation=_generation(fleet, slot),
        parent=None if parent == NO_SLOT else fleet.uuids[parent],
        root=fleet.uuids[fleet.root.values[slot]],
        created_at=fleet.created_at.item(slot),
        updated_at=fleet.updated_at.item(slot),
    )


def _inventories_at(fleet: Fleet, slot: int) -> list[tuple[str, InventoryUsage]]:
    found = []
    for number in fleet.classes[slot]:
        column = fleet.columns[number]
        found.append((fleet.catalogue.name_of(number), column.at(column.row(slot))))
    return found
