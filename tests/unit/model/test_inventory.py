"""Inventories: the rule of capacity, and the bounds of each field."""

from __future__ import annotations

import math
from typing import Any

import pytest

from berth.model.errors import InvalidAmount
from berth.model.inventory import MAX_INT, MAX_RATIO, Inventory, checked


@pytest.mark.parametrize(
    ("inventory", "capacity"),
    [
        (Inventory(64), 64),
        (Inventory(64, reserved=4), 60),
        (Inventory(64, reserved=4, allocation_ratio=1.5), 90),
        (Inventory(3, allocation_ratio=0.5), 1),
        (Inventory(64, reserved=64, allocation_ratio=16.0), 0),
        (Inventory(64, allocation_ratio=0.0), 0),
        (Inventory(10, allocation_ratio=1.1), 11),
        (Inventory(100, allocation_ratio=1.15), 115),
        (Inventory(100, allocation_ratio=0.29), 29),
        (Inventory(200, allocation_ratio=1.15), 230),
        (Inventory(1000, allocation_ratio=2.01), 2010),
        (Inventory(3, allocation_ratio=1 / 3), 0),
        (Inventory(MAX_INT, allocation_ratio=1e-9), 2),
        (Inventory(MAX_INT, allocation_ratio=5e-324), 0),
    ],
)
def test_capacity(inventory: Inventory, capacity: int) -> None:
    assert inventory.capacity == capacity


@pytest.mark.parametrize(("amount", "rule"), [(1, ("min_unit", 2)), (6, ("step_size", 4)), (16, ("max_unit", 12))])
def test_the_rule_that_an_amount_breaks(amount: int, rule: tuple[str, int]) -> None:
    assert Inventory(64, min_unit=2, max_unit=12, step_size=4).violated_unit(amount) == rule


@pytest.mark.parametrize(
    ("amount", "legal"), [(1, False), (4, True), (6, False), (8, True), (12, True), (16, False), (0, False)]
)
def test_the_legal_amounts_of_one_claim(amount: int, legal: bool) -> None:
    assert Inventory(64, min_unit=2, max_unit=12, step_size=4).takes(amount) is legal


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"total": 0}, "total must be from 1"),
        ({"total": MAX_INT + 1}, "total must be from 1"),
        ({"reserved": -1}, "reserved must be from 0"),
        ({"min_unit": 0}, "min_unit must be from 1"),
        ({"max_unit": 0}, "max_unit must be from 1"),
        ({"step_size": MAX_INT + 1}, "step_size must be from 1"),
        ({"allocation_ratio": -0.1}, "allocation_ratio must be from 0"),
        ({"allocation_ratio": math.nan}, "allocation_ratio must be from 0"),
        ({"allocation_ratio": math.inf}, "allocation_ratio must be from 0"),
        ({"allocation_ratio": MAX_RATIO * 2}, "allocation_ratio must be from 0"),
    ],
)
def test_illegal_fields(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidAmount, match=text):
        checked(Inventory(**{"total": 1, **fields}))


@pytest.mark.parametrize("inventory", [Inventory(1), Inventory(MAX_INT, MAX_INT, 1, MAX_INT, MAX_INT, MAX_RATIO)])
def test_legal_fields(inventory: Inventory) -> None:
    assert checked(inventory) is inventory
