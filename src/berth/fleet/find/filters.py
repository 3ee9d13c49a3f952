"""Filters over whole columns, cheap first: which of many providers could be chosen for a variable."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.compile import CompiledFilter
from berth.fleet.state.columns import ClassColumn, Column, Mask, Slots
from berth.fleet.state.fleet import Fleet


class View(Protocol):
    """Some providers to look at, each as part of the tree of an anchor."""

    def take(self, column: Column) -> NDArray[Any]:
        """A column's values for these providers."""

    def take_anchors(self, column: Column) -> NDArray[Any]:
        """A column's values for the roots of the trees that they are looked at for."""

    @property
    def foreign(self) -> Mask | None:
        """Which of them are of another tree and share with the anchor's; None if none is."""

    def room(self, column: ClassColumn, amount: int) -> Mask:
        """Which of them have room for one more claim of this amount."""


class SlotRange:
    """All slots from first to before last, each its own anchor: nothing is copied."""

    __slots__ = ("first", "last")

    foreign = None

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def take(self, column: Column) -> NDArray[Any]:
        """See View."""
        return column.values[self.first : self.last]

    take_anchors = take

    def room(self, column: ClassColumn, amount: int, *, together: bool = False) -> Mask:
        """See View. together: the amount is that of several claims, of which each keeps to the units."""
        slots = column.slots.values
        low, high = column.places((self.first, self.last)).tolist()
        ok = column.room_together(low, high, amount) if together else column.room(low, high, amount)
        if high - low == self.last - self.first:  # every one has this class: rows stand as slots do
            return ok
        spread = np.zeros(self.last - self.first, dtype=np.bool_)
        spread[slots[low:high] - self.first] = ok
        return spread


class SlotList:
    """Chosen slots, each with its anchor's slot."""

    __slots__ = ("anchors", "foreign", "slots")

    def __init__(self, slots: Slots, anchors: Slots, foreign: Mask | None) -> None:
        self.slots, self.anchors, self.foreign = slots, anchors, foreign

    def take(self, column: Column) -> NDArray[Any]:
        """See View."""
        return column.values[self.slots]

    def take_anchors(self, column: Column) -> NDArray[Any]:
        """See View."""
        return column.values[self.anchors]

    def room(self, column: ClassColumn, amount: int) -> Mask:
        """See View."""
        slots = column.slots.values
        if not len(slots):
            return np.zeros(len(self.slots), dtype=np.bool_)
        rows = column.places(self.slots)
        rows[rows == len(slots)] = 0
        there: Mask = slots[rows] == self.slots
        return there & column.room_at(rows, amount)


def provider_matches(fleet: Fleet, compiled: CompiledFilter, view: View) -> Mask | None:
    """Which providers satisfy all of this but the amounts, each by itself. None: all do."""
    ok: Mask | None = None
    if compiled.tree is not None:
        ok = _and(ok, view.take(fleet.root) == compiled.tree)
    if compiled.traits_ok is not None:
        ok = _and(ok, compiled.traits_ok[view.take(fleet.trait_set)])
    if compiled.in_aggregates is not None:
        ok = _and(ok, compiled.in_aggregates[view.take(fleet.aggregate_set)])
    if compiled.in_forbidden is not None:
        ok = _and(ok, ~compiled.in_forbidden[view.take(fleet.aggregate_set)])
    return ok


def tree_matches(fleet: Fleet, compiled: CompiledFilter, view: View) -> Mask | None:
    """The same for the unsuffixed group, where an aggregate of the anchor's root counts for its whole tree.

    A provider that shares with the tree from outside must be a member itself; for what is forbidden
    the anchor's root counts for it as well (Placement, docs on member_of).
    """
    ok: Mask | None = None
    if compiled.tree is not None:
        ok = _and(ok, view.take(fleet.root) == compiled.tree)
        if view.foreign is not None:
            ok = _and(ok, ~view.foreign)
    if compiled.traits_ok is not None:
        ok = _and(ok, compiled.traits_ok[view.take(fleet.trait_set)])
    if compiled.in_aggregates is not None:
        through_root = compiled.in_aggregates[view.take_anchors(fleet.aggregate_set)]
        if view.foreign is not None:
            through_root &= ~view.foreign
        ok = _and(ok, compiled.in_aggregates[view.take(fleet.aggregate_set)] | through_root)
    if compiled.in_forbidden is not None:
        ok = _and(ok, ~compiled.in_forbidden[view.take(fleet.aggregate_set)])
        ok = _and(ok, ~compiled.in_forbidden[view.take_anchors(fleet.aggregate_set)])
    return ok


def has_room(fleet: Fleet, demands: tuple[tuple[int, int], ...], view: View, ok: Mask | None) -> Mask | None:
    """Which of these also have room for every amount."""
    for number, amount in demands:
        ok = _and(ok, view.room(fleet.columns[number], amount))
    return ok


def _and(one: Mask | None, other: Mask) -> Mask:
    return other if one is None else one & other
