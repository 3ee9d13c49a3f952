"""Columns: growing arrays, and the inventories of one resource class over all providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from berth.fleet.state.copy_on_write import CopyOnWrite
from berth.model.inventory import Inventory, capacity_of
from berth.model.provider import InventoryUsage

Slots = NDArray[np.int32]
Mask = NDArray[np.bool_]

CAPACITY_LIMIT: Final = 2**62
"""Larger capacities are stored as this limit: amounts are below 2**31, so no comparison changes."""


NO_ROW: Final = -1


def clipped_capacity(unreserved: int, ratio: float) -> int:
    """Return a capacity as a column stores it."""
    return max(-CAPACITY_LIMIT, min(CAPACITY_LIMIT, capacity_of(unreserved, ratio)))


class Column:
    """An array with spare space at its end. array: with that space, for single values below `size`."""

    __slots__ = ("array", "size")

    def __init__(self, dtype: DTypeLike, values: Sequence[Any] | NDArray[Any] = ()) -> None:
        self.array: NDArray[Any] = np.array(values, dtype=dtype)
        self.size = len(self.array)

    @property
    def values(self) -> NDArray[Any]:
        """The array without its spare space. Valid until the next append or insert."""
        return self.array[: self.size]

    def item(self, at: int) -> int:
        """Return one value of a column of whole numbers. at: below `size`."""
        value: int = self.array.item(at)
        return value

    def __sizeof__(self) -> int:
        return self.array.nbytes

    def copy(self) -> Column:
        """Return a column with the same values in an array of its own."""
        copied = object.__new__(Column)
        copied.array, copied.size = self.array.copy(), self.size
        return copied

    def set(self, at: int | NDArray[Any], value: Any) -> None:
        """Replace one value, or those at these places."""
        self.array[at] = value

    def append(self, value: Any) -> None:
        """Add one value at the end."""
        self._reserve()
        self.array[self.size] = value
        self.size += 1

    def insert(self, at: int, value: Any) -> None:
        """Insert one value, moving the later ones up."""
        self._reserve()
        self.array[at + 1 : self.size + 1] = self.array[at : self.size]
        self.array[at] = value
        self.size += 1

    def remove(self, at: int) -> None:
        """Remove one value, moving the later ones down."""
        self.array[at : self.size - 1] = self.array[at + 1 : self.size]
        self.size -= 1

    def _reserve(self) -> None:
        if self.size == len(self.array):
            grown = np.empty(max(4, self.size + (self.size >> 1)), dtype=self.array.dtype)
            grown[: self.size] = self.array
            self.array = grown


_FIELDS: Final = (
    "slots",
    "total",
    "reserved",
    "min_unit",
    "max_unit",
    "step_size",
    "ratio",
    "capacity",
    "used",
    "updated_at",
)


class ClassColumn(CopyOnWrite):
    """The inventories of one resource class: one row per provider that has one, in the order of slots."""

    __slots__ = (*_FIELDS, "stepped")

    parts = frozenset(_FIELDS)

    def __init__(self, rows: dict[str, NDArray[Any]] | None = None) -> None:
        super().__init__()
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
        slots, size = self.slots.array, self.slots.size
        if NO_ROW < slot < size and slots.item(slot) == slot:  # as where all providers have the class
            return slot
        at = int(slots[:size].searchsorted(np.int32(slot)))
        return at if at < size and slots.item(at) == slot else NO_ROW

    def places(self, slots: Sequence[int] | Slots) -> NDArray[np.intp]:
        """Return the row of each of these providers, or the row where it would be inserted.

        Slots are converted to the column's type, because searchsorted copies the whole column for any other.
        """
        return self.slots.values.searchsorted(np.asarray(slots, dtype=np.int32))

    def put(self, slot: int, inventory: Inventory, updated_at: int) -> None:
        """Set a provider's inventory, replacing one that it may have; the used amount stays."""
        row = self.row(slot)
        values = (
            slot,
            inventory.total,
            inventory.reserved,
            inventory.min_unit,
            inventory.max_unit,
            inventory.step_size,
            inventory.allocation_ratio,
            clipped_capacity(inventory.total - inventory.reserved, inventory.allocation_ratio),
            0 if row == NO_ROW else self.used.values[row],
            updated_at,
        )
        self.stepped = self.stepped or inventory.step_size > 1
        if row == NO_ROW:
            self._insert(slot, values)
            return
        for name, value in zip(_FIELDS, values, strict=True):
            if getattr(self, name).values[row] != value:
                self._own(name)
                getattr(self, name).set(row, value)

    def _insert(self, slot: int, values: tuple[Any, ...]) -> None:
        at = int(self.slots.values.searchsorted(np.int32(slot)))
        self._own(*_FIELDS)
        for name, value in zip(_FIELDS, values, strict=True):
            getattr(self, name).insert(at, value)

    def drop(self, slot: int) -> None:
        """Remove a provider's inventory, if it has one."""
        row = self.row(slot)
        if row != NO_ROW:
            self._own(*_FIELDS)
            for name in _FIELDS:
                getattr(self, name).remove(row)

    def set_used(self, row: int | NDArray[Any], amount: int | NDArray[Any]) -> None:
        """Set how much is held of the inventory in one row, or in each of these."""
        if "used" not in self._owned:
            self._own("used")
        self.used.set(row, amount)

    def add_used(self, slot: int, amount: int) -> None:
        """Add an amount to what is held of a provider's inventory, if it has one."""
        row = self.row(slot)
        if row != NO_ROW:
            self.set_used(row, self.used.values[row] + amount)

    def inventory(self, row: int) -> Inventory:
        """Return the inventory of one row."""
        return Inventory(
            self.total.array.item(row),
            self.reserved.array.item(row),
            self.min_unit.array.item(row),
            self.max_unit.array.item(row),
            self.step_size.array.item(row),
            self.ratio.array.item(row),
        )

    def inventories(self, rows: NDArray[np.intp]) -> list[Inventory]:
        """Return the inventory of each of these rows."""
        fields = (self.total, self.reserved, self.min_unit, self.max_unit, self.step_size, self.ratio)
        return list(map(Inventory, *(field.values[rows].tolist() for field in fields)))

    def at(self, row: int) -> InventoryUsage:
        """Return one row as a value."""
        return InventoryUsage(
            self.total.array.item(row),
            self.reserved.array.item(row),
            self.min_unit.array.item(row),
            self.max_unit.array.item(row),
            self.step_size.array.item(row),
            self.ratio.array.item(row),
            self.used.array.item(row),
            self.updated_at.array.item(row),
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
        return self.capacity.item(row) - self.used.array.item(row), self.max_unit.array.item(row)
