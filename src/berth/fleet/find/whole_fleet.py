"""The whole fleet as a View: each provider in its own tree, each sharing provider once per tree that it shares with."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import ClassColumn, Column, Mask, Slots
from berth.fleet.state.fleet import NO_SLOT, Fleet


class WholeFleet:
    """All places: every slot in its own tree, then every sharing provider once for each tree it shares with.

    A View (berth.fleet.find.filters) that evaluates at once what the search evaluates tree by tree. It includes the
    slots of deleted providers, so that the first places equal the slots; `alive` excludes them.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.own = len(fleet.uuids)
        self.alive: Mask = fleet.root.values != NO_SLOT
        self.roots: Mask = fleet.root.values == np.arange(self.own)
        self._outside, self._outside_anchors = _sharing(fleet)
        self._flat = not fleet.members and not len(self._outside)

    def take(self, column: Column) -> NDArray[Any]:
        """Return a column's values for the provider of each place."""
        return self.spread(column.values)

    def take_anchors(self, column: Column) -> NDArray[Any]:
        """Return a column's values for the root of each place's tree; undefined at deleted slots."""
        return column.values if self._flat else column.values[self.anchors]

    @property
    def foreign(self) -> Mask | None:
        """The places where a provider shares with a tree that is not its own; None if there are none."""
        return np.arange(self.own + len(self._outside)) >= self.own if len(self._outside) else None

    def room(self, column: ClassColumn, amount: int) -> Mask:
        """Return the places where a claim of this amount is granted by every rule."""
        found = np.zeros(self.own, dtype=np.bool_)
        found[column.slots.values] = column.room(0, len(column), amount)
        return self.spread(found)

    @cached_property
    def anchors(self) -> Slots:
        """The root of each place's tree."""
        anchors: Slots = np.concatenate((self.fleet.root.values, self._outside_anchors))
        return anchors

    @cached_property
    def slots(self) -> Slots:
        """The provider of each place."""
        slots: Slots = np.concatenate((np.arange(self.own, dtype=np.int32), self._outside))
        return slots

    def spread(self, by_slot: NDArray[Any]) -> NDArray[Any]:
        """Return the value of each place's slot."""
        return np.concatenate((by_slot, by_slot[self._outside])) if len(self._outside) else by_slot

    def trees(self, places: Mask) -> Mask:
        """Return, by slot, whether it is the root of a tree with at least one of these places."""
        found = places[: self.own] & self.roots
        below = self._below
        found[self.anchors[below[places[below]]]] = True
        if len(self._outside):
            found[self._outside_anchors[places[self.own :]]] = True
        return found

    @cached_property
    def _below(self) -> NDArray[np.intp]:
        """The places of all providers that are not roots."""
        return np.flatnonzero(self.alive & ~self.roots)

    @cached_property
    def single(self) -> Mask:
        """Whether each slot is a tree of one provider that no other provider shares with."""
        alone: Mask = self.roots & ~self.fleet.nested.values
        alone[self._outside_anchors] = False
        return alone


def _sharing(fleet: Fleet) -> tuple[Slots, Slots]:
    """Return sharing providers and the roots of the other trees they share with: one entry per pair."""
    none = np.zeros(0, dtype=np.int32)
    if not fleet.sharing:
        return none, none
    sets, roots = fleet.aggregate_set.values, fleet.root.values
    reached = fleet.aggregate_sets.having_any(fleet.sharing)[sets] & (roots != NO_SLOT)
    slots = np.flatnonzero(reached)
    slots = slots[np.argsort(sets[slots], kind="stable")]
    numbers, starts = np.unique(sets[slots], return_index=True)
    anchors: list[Slots] = [none]
    sharers: list[Slots] = [none]
    for number, members in zip(numbers.tolist(), np.split(slots, starts[1:]), strict=True):
        sharing = np.array(fleet.shared_with_set(number), dtype=np.int32)
        trees = np.unique(roots[members]) if fleet.members else roots[members]
        anchors.append(np.repeat(trees, len(sharing)))
        sharers.append(np.tile(sharing, len(trees)))
    return _outside(fleet, np.concatenate(anchors), np.concatenate(sharers))


def _outside(fleet: Fleet, anchors: Slots, sharers: Slots) -> tuple[Slots, Slots]:
    """Return the distinct pairs of different trees: several providers of a tree may be reached by the same sharer."""
    if fleet.members:
        size = len(fleet.uuids)
        pairs = np.unique(anchors.astype(np.int64) * size + sharers)
        anchors, sharers = (pairs // size).astype(np.int32), (pairs % size).astype(np.int32)
    outside = fleet.root.values[sharers] != anchors
    return sharers[outside], anchors[outside]
