"""What a tree must have in all, whatever is chosen of it: asked of many trees at once, before any is searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.compile import CompiledRequest
from berth.fleet.state.columns import ClassColumn, Mask, Slots
from berth.fleet.state.fleet import Fleet


class Trees:
    """Providers of several trees, tree after tree: slots, and for each the number of its tree."""

    def __init__(self, fleet: Fleet, slots: Slots, tree_of: NDArray[np.intp], count: int) -> None:
        self.fleet, self.slots, self.tree_of, self.count = fleet, slots, tree_of, count

    def having(self, ask: CompiledRequest, choices: Sequence[Mask]) -> Mask:
        """By tree: whether every variable has a choice, isolated groups one each, and classes enough for all."""
        enough = np.ones(self.count, dtype=np.bool_)
        for chosen, _ in _distinct(choices, [True] * len(choices)):
            enough &= self._how_many(chosen) > 0
        if ask.isolate:
            self._narrow_to_apart(ask, choices, enough)
        for number in ask.contested:
            self._narrow_to_room(ask, choices, number, enough)
        return enough

    def _narrow_to_apart(self, ask: CompiledRequest, choices: Sequence[Mask], enough: Mask) -> None:
        """Groups that may choose the same providers need as many, and all groups as many as they are."""
        grouped = [each.one_provider for each in ask.variables]
        if sum(grouped) < 2:
            return
        for chosen, times in _distinct(choices, grouped):
            enough &= self._how_many(chosen) >= times
        enough &= self._how_many(_any(choices, grouped)) >= sum(grouped)

    def _narrow_to_room(self, ask: CompiledRequest, choices: Sequence[Mask], number: int, enough: Mask) -> None:
        asked = [sum(amount for wanted, amount in each.demands if wanted == number) for each in ask.variables]
        chosen = np.flatnonzero(_any(choices, [amount > 0 for amount in asked]))
        left = _left(self.fleet.columns[number], self.slots[chosen])
        enough &= np.bincount(self.tree_of[chosen], left, minlength=self.count) >= sum(asked)

    def _how_many(self, chosen: Mask) -> NDArray[np.intp]:
        return np.bincount(self.tree_of[chosen], minlength=self.count)


def _distinct(choices: Sequence[Mask], counted: Sequence[bool]) -> list[tuple[Mask, int]]:
    """Different choices, and how many variables of those that count have them."""
    named = [chosen.tobytes() for chosen in choices]
    times = Counter(name for name, counts in zip(named, counted, strict=True) if counts)
    mask_of = dict(zip(named, choices, strict=True))
    return [(mask_of[name], count) for name, count in times.items()]


def _any(choices: Sequence[Mask], counted: Sequence[bool]) -> Mask:
    found = np.zeros_like(choices[0])
    for chosen, counts in zip(choices, counted, strict=True):
        if counts:
            found |= chosen
    return found


def _left(column: ClassColumn, slots: Slots) -> NDArray[np.int64]:
    """How much of a class can still be taken of each of these providers, which all have it."""
    rows = column.places(slots)
    free = column.capacity.values[rows] - column.used.values[rows]
    left: NDArray[np.int64] = np.maximum(0, np.minimum(free, column.max_unit.values[rows]))
    return left
