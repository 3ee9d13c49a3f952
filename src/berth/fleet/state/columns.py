"""Columns: growing arrays, numbered sets, and the inventories of one resource class over all providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from berth.model.inventory import Inventory
from berth.model.provider import InventoryUsage

Slots = NDArray[np.int32]
Mask = NDArray[np.bool_]

CAPACITY_LIMIT: Final = 2**62
"""Larger capacities are stored as this limit: amounts are below 2**31, so no comparison changes."""


NO_ROW: Final = -1


class Column:
    """An array with spare space at its end."""

    __slots__ = ("_array", "size")

    def __init__(self, dtype: DTypeLike, values: Sequence[Any] | NDArray[Any] = ()) -> None:
        self._array: NDArray[Any] = np.array(values, dtype=dtype)
        self.size = len(self._array)

    @property
    def values(self) -> NDArray[Any]:
        """The array without its spare space. Valid until the next append or insert."""
        return self._array[: self.size]

    def append(self, value: Any) -> None:
        """Add one value at the end."""
        self._reserve()
        self._array[self.size] = value
        self.size += 1

    def insert(self, at: int, value: Any) -> None:
        """Insert one value, moving the later ones up."""
        self._reserve()
        self._array[at + 1 : self.size + 1] = self._array[at : self.size]
        self._array[at] = value
        self.size += 1

    def remove(self, at: int) -> None:
        """Remove one value, moving the later ones down."""
        self._array[at : self.size - 1] = self._array[at + 1 : self.size]
        self.size -= 1

    def _reserve(self) -> None:
        if self.size == len(self._array):
            grown = np.empty(max(4, self.size + (self.size >> 1)), dtype=self._array.dtype)
            grown[: self.size] = self._array
            self._array = grown


class SetTable:
    """Distinct sets of ids, each with a number.

    The hosts of a fleet have few distinct sets of traits: a predicate is evaluated once per set,
    then looked up for a million hosts in one operation.
    """

    __slots__ = ("_ids", "holding", "sets")

    def __init__(self) -> None:
        self.sets: list[frozenset[int]] = []
        self._ids: dict[frozenset[int], int] = {}
        self.holding: dict[int, set[int]] = {}
        self.id_of(frozenset())

    def id_of(self, members: frozenset[int]) -> int:
        """Return the number of a set; a new set is numbered now."""
        number = self._ids.get(members)
        if number is None:
            number = self._ids[members] = len(self.sets)
            self.sets.append(members)
            for member in members:
                self.holding.setdefault(member, set()).add(number)
        return number

    def having_any(self, members: Iterable[int]) -> Mask:
        """Return, by set number, whether the set contains at least one of these members."""
        found = np.zeros(len(self.sets), dtype=np.bool_)
        for member in members:
            holding = self.holding.get(member)
            if holding:
                found[list(holding)] = True
        return found


class ClassColumn:
    """The inventories of one resource class: one row per provider that has one, in the order of slots."""

    __slots__ = (
        "capacity",
        "max_unit",
        "min_unit",
        "ratio",
        "reserved",
        "slots",
        "step_size",
        "stepped",
        "total",
        "updated_at",
        "used",
    )

    def __init__(self, rows: dict[str, NDArray[Any]] | None = None) -> None:
        given: dict[str, Any] = rows or {}
        self.slots = Column(np.int32, given.get("slots", ()))
        self.total = Column(np.int32, given.get("total", ()))
        self.reserved = Column(np.int32, given.get("reserved", ()))
        self.min_unit = Column(np.int32, given.get("min_unit", ()))
        self.max_unit = Column(np.int32, given.get("max_unit", ()))
        self.step_size = Column(np.int32, given.get("step_size", ()))
        self.ratio = Column(np.float64, given.get("ratio", ()))
        self.capacity = Column(np.int64, given.get("capacity", ()))
        self.used = Column(np.int64, given.get("used", ()))
        self.updated_at = Column(np.int64, given.get("updated_at", ()))
        self.stepped = bool((self.step_size.values > 1).any())

    def __len__(self) -> int:
        return self.slots.size

    def row(self, slot: int) -> int:
        """Return the row of a provider; NO_ROW if it has none."""
        slots = self.slots.values
        at = int(slots.searchsorted(np.int32(slot)))
        return at if at < len(slots) and slots[at] == slot else NO_ROW

    def places(self, slots: Sequence[int] | Slots) -> NDArray[np.intp]:
        """Return the row of each of these providers, or the row where it would be inserted.

        Slots are converted to the column's type, because searchsorted copies the whole column for any other.
        """
        return self.slots.values.searchsorted(np.asarray(slots, dtype=np.int32))

    def put(self, slot: int, inventory: Inventory, updated_at: int) -> None:
        """Set a provider's inventory, replacing one that it may have; the used amount stays."""
        row = self.row(slot)
        used = 0 if row < 0 else self.used.values[row]
        values = (
            slot,
            inventory.total,
            inventory.reserved,
            inventory.min_unit,
            inventory.max_unit,
            inventory.step_size,
            inventory.allocation_ratio,
            max(-CAPACITY_LIMIT, min(CAPACITY_LIMIT, inventory.capacity)),
            used,
            updated_at,
        )
        self.stepped = self.stepped or inventory.step_size > 1
        if row >= 0:
            for column, value in zip(self._columns(), values, strict=True):
                column.values[row] = value
            return
        at = int(self.slots.values.searchsorted(np.int32(slot)))
        for column, value in zip(self._columns(), values, strict=True):
            column.insert(at, value)

    def drop(self, slot: int) -> None:
        """Remove a provider's inventory, if it has one."""
        row = self.row(slot)
        if row >= 0:
            for column in self._columns():
                column.remove(row)

    def inventory(self, row: int) -> Inventory:
        """Return the inventory of one row."""
        return Inventory(
            self.total.values.item(row),
            self.reserved.values.item(row),
            self.min_unit.values.item(row),
            self.max_unit.values.item(row),
            self.step_size.values.item(row),
            self.ratio.values.item(row),
        )

    def at(self, row: int) -> InventoryUsage:
        """Return one row as a value."""
        return InventoryUsage(
            self.total.values.item(row),
            self.reserved.values.item(row),
            self.min_unit.values.item(row),
            self.max_unit.values.item(row),
            self.step_size.values.item(row),
            self.ratio.values.item(row),
            self.used.values.item(row),
            self.updated_at.values.item(row),
        )

    def room(self, first: int, last: int, amount: int) -> Mask:
        """Return, for rows first to last - 1, whether one more claim of this amount is granted by every rule."""
        ok: Mask = self.used.values[first:last] + amount <= self.capacity.values[first:last]
        ok &= self.min_unit.values[first:last] <= amount
        ok &= self.max_unit.values[first:last] >= amount
        if self.stepped:
            ok &= amount % self.step_size.values[first:last] == 0
        return ok

    def room_together(self, first: int, last: int, amount: int) -> Mask:
        """Return, by row, whether claims that sum to this amount fit, if each keeps to min_unit and step_size."""
        ok: Mask = self.used.values[first:last] + amount <= self.capacity.values[first:last]
        ok &= self.max_unit.values[first:last] >= amount
        return ok

    def room_at(self, rows: NDArray[Any], amount: int) -> Mask:
        """Return the same as `room` for these rows."""
        ok: Mask = self.used.values[rows] + amount <= self.capacity.values[rows]
        ok &= self.min_unit.values[rows] <= amount
        ok &= self.max_unit.values[rows] >= amount
        if self.stepped:
            ok &= amount % self.step_size.values[rows] == 0
        return ok

    def free_and_max_unit(self, slot: int) -> tuple[int, int]:
        """Return the free amount at a provider that has this class, and the most that one claim may ask for."""
        row = self.row(slot)
        return int(self.capacity.values[row]) - int(self.used.values[row]), int(self.max_unit.values[row])

    def _columns(self) -> tuple[Column, ...]:
        return (
            self.slots,
            self.total,
            self.reserved,
            self.min_unit,
            self.max_unit,
            self.step_size,
            self.ratio,
            self.capacity,
            self.used,
            self.updated_at,
        )
