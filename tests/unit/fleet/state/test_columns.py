"""Columns: arrays that grow, and the rule of capacity over the rows of a class."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.state.columns import CAPACITY_LIMIT, NO_ROW, ClassColumn, Column
from berth.model.inventory import MAX_RATIO, Inventory


def test_a_column_grows_at_its_end_and_in_between() -> None:
    column = Column(np.int64)
    for value in range(9):
        column.append(value)
    column.insert(0, -1)
    column.insert(5, 99)
    column.remove(1)
    assert column.values.tolist() == [-1, 1, 2, 3, 99, 4, 5, 6, 7, 8]
    column.remove(column.size - 1)
    assert column.values.tolist() == [-1, 1, 2, 3, 99, 4, 5, 6, 7]


def column_of(inventories: dict[int, Inventory], used: dict[int, int] | None = None) -> ClassColumn:
    column = ClassColumn()
    for slot, inventory in inventories.items():
        column.put(slot, inventory, 7)
    for slot, amount in (used or {}).items():
        column.set_used(column.row(slot), amount)
    return column


def test_rows_are_in_the_order_of_slots() -> None:
    column = column_of({5: Inventory(50), 1: Inventory(10), 3: Inventory(30)})
    assert column.slots.values.tolist() == [1, 3, 5]
    assert [column.row(slot) for slot in range(7)] == [NO_ROW, 0, NO_ROW, 1, NO_ROW, 2, NO_ROW]
    assert column.places([1, 4, 9]).tolist() == [0, 2, 3]
    column.drop(3)
    column.drop(2)
    assert column.slots.values.tolist() == [1, 5]
    assert column.total.values.tolist() == [10, 50]


def test_a_new_inventory_keeps_what_is_used() -> None:
    column = column_of({1: Inventory(10), 2: Inventory(20)}, {1: 4})
    column.put(1, Inventory(8, 1, 2, 6, 2, 1.5), 9)
    row = column.at(0)
    assert (row.total, row.reserved, row.min_unit, row.max_unit, row.step_size) == (8, 1, 2, 6, 2)
    assert (row.allocation_ratio, row.used, row.updated_at) == (1.5, 4, 9)
    assert column.inventory(0) == Inventory(8, 1, 2, 6, 2, 1.5)
    assert column.capacity.values.tolist() == [10, 20]


@pytest.mark.parametrize(
    ("inventory", "used", "fitting"),
    [
        pytest.param(Inventory(4), 0, [1, 2, 3, 4], id="total"),
        pytest.param(Inventory(4), 3, [1], id="used"),
        pytest.param(Inventory(4), 6, [], id="over capacity"),
        pytest.param(Inventory(4, reserved=3), 0, [1], id="reserved"),
        pytest.param(Inventory(3, allocation_ratio=1.5), 0, [1, 2, 3, 4], id="ratio, rounded towards zero"),
        pytest.param(Inventory(6, min_unit=2, max_unit=4), 0, [2, 3, 4], id="units"),
        pytest.param(Inventory(6, step_size=3), 0, [3, 6], id="steps"),
    ],
)
def test_the_rule_of_capacity(inventory: Inventory, used: int, fitting: list[int]) -> None:
    column = column_of({0: Inventory(1), 1: inventory}, {1: used})
    rows = np.array([1])
    assert [amount for amount in range(1, 8) if column.room(1, 2, amount)[0]] == fitting
    assert [amount for amount in range(1, 8) if column.room_at(rows, amount)[0]] == fitting


def test_several_claims_together_are_bound_by_capacity_and_max_unit_only() -> None:
    column = column_of({0: Inventory(8, min_unit=4, max_unit=6, step_size=4)}, {0: 1})
    assert [amount for amount in range(1, 9) if column.room_together(0, 1, amount)[0]] == [1, 2, 3, 4, 5, 6]


def test_what_is_free_and_the_largest_claim() -> None:
    column = column_of({0: Inventory(8, max_unit=3), 2: Inventory(2)}, {0: 2, 2: 5})
    assert (column.free_and_max_unit(0), column.free_and_max_unit(2)[0]) == ((6, 3), -3)


def test_a_capacity_beyond_64_bits_is_kept_as_the_limit() -> None:
    column = column_of({0: Inventory(2**31 - 1, allocation_ratio=MAX_RATIO), 1: Inventory(1, 5, 1, 1, 1, MAX_RATIO)})
    assert column.capacity.values.tolist() == [CAPACITY_LIMIT, -CAPACITY_LIMIT]


def test_rows_given_at_once_are_the_same_as_rows_put() -> None:
    fields = ("slots", "total", "reserved", "min_unit", "max_unit", "step_size", "ratio", "capacity", "used")
    values = ([0, 2], [4, 8], [0, 0], [1, 1], [4, 8], [1, 2], [1.0, 1.0], [4, 8], [0, 0])
    given = {name: np.array(each) for name, each in zip(fields, values, strict=True)}
    built = ClassColumn({**given, "updated_at": np.array([7, 7])})
    put = column_of({0: Inventory(4, max_unit=4), 2: Inventory(8, max_unit=8, step_size=2)})
    assert [built.at(row) for row in range(2)] == [put.at(row) for row in range(2)]
    assert built.stepped
    assert put.stepped
