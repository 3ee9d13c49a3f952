"""Every tree of the fleet at once, each with what is shared with it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import ClassColumn, Column, Mask, Slots
from berth.fleet.state.fleet import NO_SLOT, Fleet


class WholeFleet:
    """Places to look at: every slot in its own tree, then whoever shares, once for each tree it shares with.

    A View (berth.fleet.filters), but whole: what is asked of the search tree by tree can be asked of it at once.
    Places of deleted providers are in it, for slots to be places; `alive` tells.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.own = len(fleet.uuids)
        self.alive: Mask = fleet.root.values != NO_SLOT
        self.roots: Mask = fleet.root.values == np.arange(self.own)
        self._outside, self._outside_anchors = _sharing(fleet)
        self._flat = not fleet.members and not len(self._outside)

    def take(self, column: Column) -> NDArray[Any]:
        """A column's values for the provider of each place."""
        return self.spread(column.values)

    def take_anchors(self, column: Column) -> NDArray[Any]:
        """A column's values for the root of each place's tree; anything where nobody lives."""
        return column.values if self._flat else column.values[self.anchors]

    @property
    def foreign(self) -> Mask | None:
        """At which places a provider shares with a tree that is not its own; None if there is none."""
        return np.arange(self.own + len(self._outside)) >= self.own if len(self._outside) else None

    def room(self, column: ClassColumn, amount: int) -> Mask:
        """At which places a claim of this amount is within every rule."""
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
        """What is known of each slot, for each place."""
        return np.concatenate((by_slot, by_slot[self._outside])) if len(self._outside) else by_slot

    def trees(self, places: Mask) -> Mask:
        """By slot: whether it is the root of a tree with at least one of these places."""
        found = places[: self.own] & self.roots
        below = self._below
        found[self.anchors[below[places[below]]]] = True
        if len(self._outside):
            found[self._outside_anchors[places[self.own :]]] = True
        return found

    @cached_property
    def _below(self) -> NDArray[np.intp]:
        """The places of all providers that are in a tree and not its root."""
        return np.flatnonzero(self.alive & ~self.roots)

    @cached_property
    def single(self) -> Mask:
        """By slot: whether it is a tree of one provider that nobody shares with."""
        alone: Mask = self.roots & ~self.fleet.nested.values
        alone[self._outside_anchors] = False
        return alone


def _sharing(fleet: Fleet) -> tuple[Slots, Slots]:
    """Who shares with trees that are not their own, and with which: one entry for each such pair."""
    none = np.zeros(0, dtype=np.int32)
    if not fleet.sharing:
        return none, none
    sets, roots = fleet.aggregate_set.values, fleet.root.values
    met = fleet.aggregate_sets.having_any(fleet.sharing)[sets] & (roots != NO_SLOT)
    slots = np.flatnonzero(met)
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
    """Of these pairs those of different trees, once each: a tree of several providers may meet a sharer twice."""
    if fleet.members:
        size = len(fleet.uuids)
        pairs = np.unique(anchors.astype(np.int64) * size + sharers)
        anchors, sharers = (pairs // size).astype(np.int32), (pairs % size).astype(np.int32)
    outside = fleet.root.values[sharers] != anchors
    return sharers[outside], anchors[outside]
