"""The table of sets: one number a set, as long as the set has a user."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.fleet.state.set_table import EMPTY, SetTable


def table_of(*sets: set[int]) -> SetTable:
    table = SetTable()
    for members in sets:
        table.use(frozenset(members))
    return table


def test_equal_sets_have_one_number() -> None:
    table = SetTable()
    one, other = table.use(frozenset({1, 2})), table.use(frozenset({2}))
    assert (table.use(frozenset()), table.use(frozenset({2, 1})), other) == (EMPTY, one, 2)
    assert table.sets == [frozenset(), frozenset({1, 2}), frozenset({2})]


@pytest.mark.parametrize(("members", "expected"), [((), []), ((1,), [1]), ((2,), [1, 2]), ((1, 3), [1, 3]), ((9,), [])])
def test_which_sets_have_any_of_some_members(members: tuple[int, ...], expected: list[int]) -> None:
    table = table_of({1, 2}, {2}, {3})
    assert np.flatnonzero(table.having_any(members)).tolist() == expected


def test_the_number_of_a_set_without_users_is_used_again() -> None:
    table = table_of({1}, {2}, {3})
    table.release(1)
    assert (table.use(frozenset({4})), np.flatnonzero(table.having_any([1, 4])).tolist()) == (1, [1])


def test_the_last_user_decides() -> None:
    table = table_of({1}, {1}, {2})
    table.release(1)
    assert table.sets[1] == {1}
    table.release(1)
    assert table.use(frozenset({9})) == 1


def test_masks_are_as_long_as_the_sets_in_use() -> None:
    table = table_of({1}, {2}, {3})
    for number in (2, 1, 3, EMPTY):
        table.release(number)
    assert (table.sets, len(table.having_any([1])), table.holding) == ([frozenset()], 1, {})


def test_a_copy_is_independent() -> None:
    table = table_of({1, 2}, {2})
    copied = table.copy()
    table.release(2)
    table.use(frozenset({2, 3}))
    assert copied.sets == [frozenset(), frozenset({1, 2}), frozenset({2})]
    assert np.flatnonzero(copied.having_any([2])).tolist() == [1, 2]
    assert not copied.having_any([3]).any()


@given(st.lists(st.tuples(st.integers(0, 5), st.frozensets(st.integers(1, 4), max_size=3)), max_size=60))
def test_it_equals_a_list_of_the_sets_of_its_users(steps: list[tuple[int, frozenset[int]]]) -> None:
    table, owned = SetTable(), [EMPTY] * 6
    expected: list[frozenset[int]] = [frozenset()] * 6
    for user, members in steps:
        before, owned[user] = owned[user], table.use(members)
        table.release(before)
        expected[user] = members
        assert [table.sets[number] for number in owned] == expected
        assert len({*owned}) == len({*expected})
        assert len(table.sets) <= 1 + 6 + 1  # the next set of a user is there before its last one is released
        for member in range(1, 5):
            found = {*np.flatnonzero(table.having_any([member])).tolist()}
            assert found == {number for number in owned if member in table.sets[number]}
