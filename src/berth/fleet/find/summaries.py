"""What a caller needs to weigh the providers that it was offered."""

from __future__ import annotations

from collections import defaultdict

from berth.fleet.state.columns import CAPACITY_LIMIT
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.candidate import ProviderSummary, ResourceUsage
from berth.model.inventory import Inventory


def summaries(fleet: Fleet, slots: list[int]) -> dict[str, ProviderSummary]:
    """Capacity and usage of every class, traits, and place in its tree, for each of these slots, by uuid."""
    rooms = rooms_of(fleet, slots)
    traits = _Traits(fleet)
    uuids = fleet.uuids
    parents = fleet.parent.values[slots].tolist()
    roots = fleet.root.values[slots].tolist()
    sets = fleet.trait_set.values[slots].tolist()
    return {
        uuids[slot]: ProviderSummary(
            rooms[slot], traits.of(number), None if parent == NO_SLOT else uuids[parent], uuids[root]
        )
        for slot, parent, root, number in zip(slots, parents, roots, sets, strict=True)
    }


def rooms_of(fleet: Fleet, slots: list[int]) -> dict[int, dict[str, ResourceUsage]]:
    """Capacity and usage by slot and class name: one look-up for all providers of a class."""
    having: dict[int, list[int]] = defaultdict(list)
    for slot in slots:
        for number in fleet.classes[slot]:
            having[number].append(slot)
    rooms: dict[int, dict[str, ResourceUsage]] = {slot: {} for slot in slots}
    for number in sorted(having):
        name, column, mine = fleet.catalogue.name_of(number), fleet.columns[number], having[number]
        rows = column.places(mine)
        capacities, used = column.capacity.values[rows].tolist(), column.used.values[rows].tolist()
        for slot, capacity, taken in zip(mine, capacities, used, strict=True):
            if abs(capacity) == CAPACITY_LIMIT:
                capacity = _exact(fleet, number, slot)
            rooms[slot][name] = ResourceUsage(capacity, taken)
    return rooms


def _exact(fleet: Fleet, number: int, slot: int) -> int:
    """A capacity that is too large for a column."""
    stocked = fleet.columns[number].at(fleet.columns[number].row(slot))
    return Inventory(
        stocked.total, stocked.reserved, stocked.min_unit, stocked.max_unit, stocked.step_size, stocked.allocation_ratio
    ).capacity


class _Traits:
    """Trait names by set number, worked out once for each set."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.known: dict[int, list[str]] = {}

    def of(self, number: int) -> list[str]:
        """The names of a set's traits, standard ones first."""
        names = self.known.get(number)
        if names is None:
            ids = self.fleet.trait_sets.sets[number]
            names = self.known[number] = list(map(self.fleet.catalogue.name_of, sorted(ids)))
        return names
