"""What is held and not confirmed yet: known in memory by place, in as many steps as there are such places."""

from __future__ import annotations

from collections.abc import Iterable

from berth.fleet.state.fleet import Fleet
from berth.model.consumer import Resources


def pending_by_class(fleet: Fleet) -> dict[int, int]:
    """Return what is pending in the whole fleet, by the number of the class."""
    total: dict[int, int] = {}
    for (_, number), amount in fleet.lapses.pending.items():
        total[number] = total.get(number, 0) + amount
    return total


def pending_of(fleet: Fleet, slots: Iterable[int]) -> dict[int, Resources]:
    """Return what is pending of each of these providers, by class."""
    found: dict[int, Resources] = {slot: {} for slot in slots}
    for (slot, number), amount in fleet.lapses.pending.items():
        if slot in found:
            found[slot][fleet.catalogue.name_of(number)] = amount
    return found
