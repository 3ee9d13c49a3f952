"""Filters over whole columns, cheap ones first: which providers could be chosen for a variable."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.compile import CompiledFilter
from berth.fleet.state.columns import ClassColumn, Column, Mask, Slots
from berth.fleet.state.fleet import Fleet


class View(Protocol):
    """A selection of providers, each regarded as part of the tree of an anchor (a root)."""

    def take(self, column: Column) -> NDArray[Any]:
        """Return a column's values for these providers."""

    def take_anchors(self, column: Column) -> NDArray[Any]:
        """Return a column's values for the anchors of these providers."""

    @property
    def foreign(self) -> Mask | None:
        """Which of them belong to another tree and share with the anchor's; None if none does."""

    def room(self, column: ClassColumn, amount: int) -> Mask:
        """Return which of them have room for one more claim of this amount."""


class SlotRange:
    """The slots first to last - 1, each its own anchor: nothing is copied."""

    __slots__ = ("first", "last")

    foreign = None

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def take(self, column: Column) -> NDArray[Any]:
        """See View."""
        return column.values[self.first : self.last]

    take_anchors = take

    def room(self, column: ClassColumn, amount: int, *, together: bool = False) -> Mask:
        """See View. together: the amount is the sum of several claims, each of which keeps to the units."""
        slots = column.slots.values
        low, high = column.places((self.first, self.last)).tolist()
        ok = column.room_together(low, high, amount) if together else column.room(low, high, amount)
        if high - low == self.last - self.first:  # every slot has this class, so rows are in step with slots
            return ok
        by_slot = np.zeros(self.last - self.first, dtype=np.bool_)
        by_slot[slots[low:high] - self.first] = ok
        return by_slot


class SlotList:
    """A list of slots, each with the slot of its anchor."""

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
    """Return which providers each match a filter, apart from its amounts; None if all do."""
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
    """Return which providers match the filter of the unsuffixed group, apart from its amounts; None if all do.

    An aggregate of the anchor counts for its whole tree. A provider that shares with the tree from outside must
    be a member itself, but a forbidden aggregate of the anchor excludes it as well (Placement, docs on member_of).
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
    """Return which of the providers in `ok` also have room for every amount."""
    for number, amount in demands:
        ok = _and(ok, view.room(fleet.columns[number], amount))
    return ok


def _and(one: Mask | None, other: Mask) -> Mask:
    return other if one is None else one & other
