"""Necessary conditions for a tree to satisfy a request, evaluated for many trees at once before any is searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.compile import CompiledRequest
from berth.fleet.state.columns import ClassColumn, Mask, Slots
from berth.fleet.state.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Trees:
    """Providers of several trees, tree after tree. tree_of: by provider, the number of its tree; count: of trees."""

    slots: Slots
    tree_of: NDArray[np.intp]
    count: int

    def count_in_each(self, chosen: Mask) -> NDArray[np.intp]:
        """Return, by tree, how many of its providers are chosen."""
        return np.bincount(self.tree_of[chosen], minlength=self.count)


def feasible_trees(fleet: Fleet, compiled: CompiledRequest, trees: Trees, choices: Sequence[Mask]) -> Mask:
    """Return, by tree, whether it can satisfy a request; False is certain, True is not.

    choices: by variable, which providers it may choose. Every variable needs a choice, isolated groups need different
    ones, and each contested class needs enough free for all.
    """
    feasible = np.ones(trees.count, dtype=np.bool_)
    for chosen, _ in _distinct(choices, [True] * len(choices)):
        feasible &= trees.count_in_each(chosen) > 0
    if compiled.isolate:
        feasible &= _enough_for_isolation(compiled, trees, choices)
    for class_id in compiled.contested:
        feasible &= _enough_of_class(fleet, compiled, trees, choices, class_id)
    return feasible


def _enough_for_isolation(compiled: CompiledRequest, trees: Trees, choices: Sequence[Mask]) -> Mask:
    """Return, by tree, whether suffixed groups with equal choices, and all of them, have one provider each."""
    enough = np.ones(trees.count, dtype=np.bool_)
    grouped = [each.one_provider for each in compiled.variables]
    if sum(grouped) < 2:
        return enough
    for chosen, times in _distinct(choices, grouped):
        enough &= trees.count_in_each(chosen) >= times
    enough &= trees.count_in_each(_any(choices, grouped)) >= sum(grouped)
    return enough


def _enough_of_class(
    fleet: Fleet, compiled: CompiledRequest, trees: Trees, choices: Sequence[Mask], class_id: int
) -> Mask:
    amounts = [sum(amount for each, amount in variable.demands if each == class_id) for variable in compiled.variables]
    chosen = np.flatnonzero(_any(choices, [amount > 0 for amount in amounts]))
    free = _claimable(fleet.columns[class_id], trees.slots[chosen])
    enough: Mask = np.bincount(trees.tree_of[chosen], free, minlength=trees.count) >= sum(amounts)
    return enough


def _distinct(choices: Sequence[Mask], counted: Sequence[bool]) -> list[tuple[Mask, int]]:
    """Return the different choices of the variables that count, each with how many of them have it."""
    keys = [chosen.tobytes() for chosen in choices]
    times = Counter(key for key, counts in zip(keys, counted, strict=True) if counts)
    mask_of = dict(zip(keys, choices, strict=True))
    return [(mask_of[key], count) for key, count in times.items()]


def _any(choices: Sequence[Mask], counted: Sequence[bool]) -> Mask:
    union = np.zeros_like(choices[0])
    for chosen, counts in zip(choices, counted, strict=True):
        if counts:
            union |= chosen
    return union


def _claimable(column: ClassColumn, slots: Slots) -> NDArray[np.int64]:
    """Return the most that one claim can get of a class from each of these providers, which all have it."""
    rows = column.places(slots)
    free = column.capacity.values[rows] - column.used.values[rows]
    claimable: NDArray[np.int64] = np.maximum(0, np.minimum(free, column.max_unit.values[rows]))
    return claimable
