"""The usage rewind: how full the fleet was at earlier instants, by going back from the present, change by change.

Every record of the audit log has the state before its change, so nothing but the changes since the instant is read,
however long the log is. Nothing of a consumer is in memory, but for those whose claims had lapsed and were not swept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import clipped_capacity
from berth.fleet.state.fleet import Fleet
from berth.ledger.damaged_entries import MEND
from berth.model.change import CatalogueEntry, Change, Facts, NameKind
from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.store.usage_samples import ClassLevels

MOST_CLASSES: Final = 64
"""The most classes of a sample: those that most providers have now, then the largest."""

MOST: Final = 2**63 - 1
"""Larger sums are kept as this one."""

AmountsByNumber = Counter[int]
"""AmountsByNumber by the number of the class."""


class UsageRewind:
    """Goes back from a fleet. now: the instant at which it is current, in microseconds since 1970 UTC."""

    def __init__(self, fleet: Fleet, now: int) -> None:
        self._ids = {each.name: each.id for each in fleet.catalogue.all(NameKind.CLASS)}
        self._providers = {number: len(column) for number, column in fleet.columns.items()}
        self._held: AmountsByNumber = Counter()
        self._capacity: AmountsByNumber = Counter()
        for number, column in fleet.columns.items():
            self._held[number] = _sum(column.used.values)
            self._capacity[number] = _sum(np.maximum(column.capacity.values, 0))
        lapses = fleet.lapses
        for ending in lapses.lapsed.values():
            for (_, number), amount in ending.amounts:
                self._held[number] += amount
        # Of claims whose end is over: until when they counted, and what they have.
        self._over: dict[str, tuple[int, AmountsByNumber]] = {}
        for some in (lapses.lapsed, lapses.ahead if lapses.next_due <= now else {}):
            for consumer, ending in some.items():
                if ending.due <= now:
                    amounts: AmountsByNumber = Counter()
                    for (_, number), amount in ending.amounts:
                        amounts[number] += amount
                    self._over[consumer] = ending.due, amounts

    def levels(self, instant: int) -> ClassLevels:
        """Return what was held, and could be held, at an instant after the last change that was not undone."""
        held = self._held.copy()
        for due, amounts in self._over.values():
            if due <= instant:
                held.subtract(amounts)
        found = {
            number: (min(MOST, held[number]), min(MOST, self._capacity[number]))
            for number in held.keys() | self._capacity.keys()
            if held[number] or self._capacity[number]
        }
        if len(found) > MOST_CLASSES:
            first = sorted(found, key=lambda number: (-self._providers.get(number, 0), -found[number][1], number))
            found = {number: found[number] for number in first[:MOST_CLASSES]}
        return dict(sorted(found.items()))

    def undo(self, change: Change, before: Facts) -> None:
        """Go back over a change. before: the state before it, of what it changed."""
        facts = change.facts
        if change.operation == MEND:  # it states again what was so already, but for what it set
            for uuid, old in before.inventories.items():
                self._add_capacity({name: facts.inventories[uuid][name] for name in old}, -1)
                self._add_capacity(old, 1)
            return
        changed = facts.inventories.keys() | set(facts.gone)
        for uuid in changed.difference(facts.gone):
            self._add_capacity(facts.inventories[uuid], -1)
        for consumer, held in facts.claims.items():
            self._held.subtract(self._amounts(held.values()))
            self._over.pop(consumer, None)
        self._undo_names(facts.names, before.names)
        for uuid in changed:
            self._add_capacity(before.inventories.get(uuid, {}), 1)
        for consumer in facts.claims:
            amounts = self._amounts(before.claims.get(consumer, {}).values())
            self._held.update(amounts)
            span = before.terms.get(consumer)
            if span is not None and span.due is not None:
                self._over[consumer] = span.due, amounts

    def _undo_names(self, after: Iterable[CatalogueEntry], before: Iterable[CatalogueEntry]) -> None:
        for each in after:
            if each.kind is NameKind.CLASS:
                self._ids.pop(each.name, None)
        for each in before:
            if each.kind is NameKind.CLASS:
                self._ids[each.name] = each.id

    def _add_capacity(self, inventories: Mapping[str, Inventory], sign: int) -> None:
        for name, each in inventories.items():
            if name in self._ids:
                capacity = clipped_capacity(each.total - each.reserved, each.allocation_ratio)
                self._capacity[self._ids[name]] += sign * max(0, capacity)

    def _amounts(self, held: Iterable[Resources]) -> AmountsByNumber:
        amounts: AmountsByNumber = Counter()
        for resources in held:
            for name, amount in resources.items():
                if name in self._ids:
                    amounts[self._ids[name]] += amount
        return amounts


def _sum(values: NDArray[np.int64]) -> int:
    """Return an exact sum: that of 64 bits may overflow, where capacities are out of all proportion."""
    if len(values) and int(values.max()) > MOST // len(values):
        return sum(values.tolist())
    return int(values.sum(dtype=np.int64))
