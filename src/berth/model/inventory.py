"""Inventories: what a provider has of one resource class, and how much of it can be claimed."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from berth.model.errors import InvalidAmount

MAX_INT: Final = 2**31 - 1
"""The largest number in an inventory's integer fields (Placement's database constant)."""

MAX_RATIO: Final = 3.40282e38
"""The largest allocation ratio (Placement's database constant)."""


class Inventory(msgspec.Struct, frozen=True, array_like=True):
    """What a provider has of one resource class. All amounts are in the class's own unit.

    total: how much there is (1 to MAX_INT); reserved: how much of it cannot be claimed;
    min_unit, max_unit, step_size: the legal amounts of one claim; allocation_ratio: how far the
    unreserved part may be overcommitted (2.0: twice).
    """

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_INT
    step_size: int = 1
    allocation_ratio: float = 1.0

    @property
    def capacity(self) -> int:
        """What can be claimed in total: (total - reserved) x allocation_ratio, rounded towards zero."""
        return int((self.total - self.reserved) * self.allocation_ratio)

    def takes(self, amount: int) -> bool:
        """Whether this is a legal amount for one claim (min_unit, max_unit, step_size)."""
        return self.min_unit <= amount <= self.max_unit and amount % self.step_size == 0


def checked(inventory: Inventory) -> Inventory:
    """Return the inventory if every field is within its bounds. Raises InvalidAmount for the first that is not."""
    for field in ("total", "reserved", "min_unit", "max_unit", "step_size"):
        value = getattr(inventory, field)
        least = 0 if field == "reserved" else 1
        if not least <= value <= MAX_INT:
            raise InvalidAmount(f"{field} must be from {least} to {MAX_INT}, not {value}")
    ratio = inventory.allocation_ratio
    if not math.isfinite(ratio) or not 0 <= ratio <= MAX_RATIO:
        raise InvalidAmount(f"allocation_ratio must be from 0 to {MAX_RATIO}, not {ratio}")
    return inventory
