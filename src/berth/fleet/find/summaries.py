"""Provider summaries: what a caller needs to rank candidates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from berth.fleet.state.columns import CAPACITY_LIMIT
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.candidate import ProviderSummary, ResourceUsage
from berth.model.inventory import Inventory

SLICE: Final = 256
"""Slots whose usage is looked up together."""


def summaries(fleet: Fleet, slots: list[int]) -> Iterator[tuple[str, ProviderSummary]]:
    """Yield the uuid of each of these slots with capacity and usage of every class, traits, parent and root."""
    traits = _Traits(fleet)
    for first in range(0, len(slots), SLICE):
        yield from _summaries(fleet, slots[first : first + SLICE], traits)


def _summaries(fleet: Fleet, slots: list[int], traits: _Traits) -> Iterator[tuple[str, ProviderSummary]]:
    usage, uuids = usage_of(fleet, slots), fleet.uuids
    parents = fleet.parent.values[slots].tolist()
    roots = fleet.root.values[slots].tolist()
    sets = fleet.trait_set.values[slots].tolist()
    for slot, parent, root, number in zip(slots, parents, roots, sets, strict=True):
        above = None if parent == NO_SLOT else uuids[parent]
        yield uuids[slot], ProviderSummary(usage[slot], traits.names_of(number), above, uuids[root])


def usage_of(fleet: Fleet, slots: list[int]) -> dict[int, dict[str, ResourceUsage]]:
    """Return capacity and usage by slot and class name, with one look-up for all providers of a class."""
    having: dict[int, list[int]] = defaultdict(list)
    for slot in slots:
        for number in fleet.classes[slot]:
            having[number].append(slot)
    usage: dict[int, dict[str, ResourceUsage]] = {slot: {} for slot in slots}
    for number in sorted(having):
        name, column, slots_of_class = fleet.catalogue.name_of(number), fleet.columns[number], having[number]
        rows = column.places(slots_of_class)
        capacities, used = column.capacity.values[rows].tolist(), column.used.values[rows].tolist()
        for slot, capacity, held in zip(slots_of_class, capacities, used, strict=True):
            if abs(capacity) == CAPACITY_LIMIT:
                capacity = _exact_capacity(fleet, number, slot)
            usage[slot][name] = ResourceUsage(capacity, held)
    return usage


def _exact_capacity(fleet: Fleet, number: int, slot: int) -> int:
    """Return the exact value of a capacity that is too large for a column."""
    row = fleet.columns[number].at(fleet.columns[number].row(slot))
    return Inventory(row.total, row.reserved, row.min_unit, row.max_unit, row.step_size, row.allocation_ratio).capacity


class _Traits:
    """Trait names by set number, looked up once per set."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.known: dict[int, list[str]] = {}

    def names_of(self, number: int) -> list[str]:
        """Return the names of a set's traits, standard ones first."""
        names = self.known.get(number)
        if names is None:
            ids = self.fleet.trait_sets.sets[number]
            names = self.known[number] = list(map(self.fleet.catalogue.name_of, sorted(ids)))
        return names
