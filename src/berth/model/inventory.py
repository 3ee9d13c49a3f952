"""Inventories: what a provider has of one resource class, and how much of it can be claimed."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

import msgspec

from berth.model.errors import InvalidAmount

MAX_INT: Final = 2**31 - 1
"""The largest number in an inventory's integer fields (Placement's database constant)."""

MAX_RATIO: Final = 3.40282e38
"""The largest allocation ratio (Placement's database constant)."""


class Inventory(msgspec.Struct, frozen=True, array_like=True, gc=False):
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
        return capacity_of(self.total - self.reserved, self.allocation_ratio)

    def takes(self, amount: int) -> bool:
        """Whether this is a legal amount for one claim (min_unit, max_unit, step_size)."""
        return self.min_unit <= amount <= self.max_unit and amount % self.step_size == 0

    def violated_unit(self, amount: int) -> tuple[str, int]:
        """Return the first rule that makes this an illegal amount for one claim, and the rule's value."""
        if amount < self.min_unit:
            return "min_unit", self.min_unit
        return ("max_unit", self.max_unit) if amount > self.max_unit else ("step_size", self.step_size)


FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Inventory))
"""The names of an inventory's fields, in order."""


def capacity_of(unreserved: int, ratio: float) -> int:
    """Return unreserved x ratio, rounded towards zero, by the ratio's decimal: 100 x 1.15 is 115.

    The product of floats may be a little less than the whole number that the decimals give; only where it is close to
    one is it worth an exact multiplication.
    """
    if ratio == 1:
        return unreserved
    product = unreserved * ratio
    if abs(product - round(product)) > abs(product) * NEARLY_WHOLE:
        return int(product)
    return int(unreserved * Decimal(repr(ratio)))


NEARLY_WHOLE: Final = 1e-9
"""Relative distance of a product of floats from a whole number below which its rounding may be wrong."""


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


def sound(inventory: Inventory) -> Inventory:
    """Return the inventory if it is one that can be set, otherwise the nearest one: whole numbers within their bounds.

    What can be claimed never grows by it: of a fraction, less is left; reserved becomes at most the total, min_unit at
    most max_unit.
    """
    total = _clamped(math.floor(inventory.total), 1)
    max_unit = _clamped(math.floor(inventory.max_unit), 1)
    ratio = inventory.allocation_ratio
    return Inventory(
        total=total,
        reserved=min(_clamped(math.ceil(inventory.reserved), 0), total),
        min_unit=min(_clamped(math.ceil(inventory.min_unit), 1), max_unit),
        max_unit=max_unit,
        step_size=_clamped(math.ceil(inventory.step_size), 1),
        allocation_ratio=min(max(ratio, 0.0), MAX_RATIO) if math.isfinite(ratio) else 1.0,
    )


def is_sound(inventory: Inventory) -> bool:
    """Whether every field is a whole number within its bounds, reserved <= total and min_unit <= max_unit."""
    whole = all(type(value) is int for value in msgspec.structs.astuple(inventory)[:-1])
    return whole and sound(inventory) == inventory


def differences(old: Inventory, new: Inventory) -> str:
    """Return which fields of an inventory differ, and how: "reserved 11 becomes 10"."""
    pairs = ((each, getattr(old, each), getattr(new, each)) for each in FIELDS)
    return ", ".join(
        f"{each} {before} becomes {after}"
        for each, before, after in pairs
        if (before, type(before)) != (after, type(after))
    )


def _clamped(value: int, least: int) -> int:
    return min(max(value, least), MAX_INT)
