"""Filters over columns, for every kind of view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import SlotList, SlotRange, View, has_room, provider_matches, tree_matches
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import Fleet
from berth.model.inventory import Inventory
from berth.model.request import Filter
from tests.support.fleets import provider, sharing, small_fleet, uuid_of

FAST, SLOW = "CUSTOM_FAST", "CUSTOM_SLOW"
HOST, NUMA, POOL, OTHER = range(4)
VIEWS: dict[str, Callable[[Fleet], View]] = {
    "a range": lambda fleet: SlotRange(0, len(fleet.uuids)),
    "a list": lambda fleet: SlotList(np.arange(4, dtype=np.int32), fleet.root.values, None),
    "the whole fleet": WholeFleet,
}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return small_fleet(
        provider("host", VCPU=4, traits=[FAST], aggregates=["rack"]),
        provider("numa", "host", VCPU=2, DISK_GB=1, traits=[SLOW]),
        sharing("pool", "rack", DISK_GB=Inventory(10, step_size=5)),
        provider("other", VCPU=8, used={"VCPU": 7}, traits=[FAST, SLOW], aggregates=["row"]),
    )


def any_of(*names: str) -> tuple[frozenset[str], ...]:
    return (frozenset(names),)


def slots(mask: Mask | None, count: int = 4) -> list[int]:
    return list(range(count)) if mask is None else np.flatnonzero(mask[:count]).tolist()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param(Filter(), [HOST, NUMA, POOL, OTHER], id="nothing"),
        pytest.param(Filter(in_tree=uuid_of("numa")), [HOST, NUMA], id="in_tree"),
        pytest.param(Filter(required=any_of(FAST)), [HOST, OTHER], id="required"),
        pytest.param(Filter(required=any_of(FAST, SLOW)), [HOST, NUMA, OTHER], id="required, any of"),
        pytest.param(Filter(required=(*any_of(FAST), *any_of(SLOW))), [OTHER], id="required, both"),
        pytest.param(Filter(forbidden=frozenset({SLOW})), [HOST, POOL], id="forbidden"),
        pytest.param(Filter(member_of=any_of("rack")), [HOST, POOL], id="member_of"),
        pytest.param(Filter(member_of=(*any_of("rack"), *any_of("row"))), [], id="member_of, both"),
        pytest.param(Filter(not_member_of=frozenset({"rack"})), [NUMA, OTHER], id="not_member_of"),
        pytest.param(Filter(required=any_of(FAST), member_of=any_of("row")), [OTHER], id="two filters"),
    ],
)
def test_a_provider_matches_alone(fleet: Fleet, view: str, group: Filter, expected: list[int]) -> None:
    compiled = compile_filter(fleet, group, joint_traits=False)
    assert slots(provider_matches(fleet, compiled, VIEWS[view](fleet))) == expected


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param(Filter(), [HOST, NUMA, POOL], id="nothing"),
        pytest.param(Filter(in_tree=uuid_of("host")), [HOST, NUMA], id="in_tree leaves sharing providers out"),
        pytest.param(Filter(in_tree=uuid_of("pool")), [], id="in the tree of the sharing provider"),
        pytest.param(Filter(member_of=any_of("rack")), [HOST, NUMA, POOL], id="the root's aggregate"),
        pytest.param(Filter(member_of=any_of("row")), [], id="not the root's aggregate"),
        pytest.param(Filter(not_member_of=frozenset({"rack"})), [], id="the root's aggregate is forbidden"),
        pytest.param(Filter(not_member_of=frozenset({"row"})), [HOST, NUMA, POOL], id="another one is"),
        pytest.param(Filter(forbidden=frozenset({SLOW})), [HOST, POOL], id="forbidden"),
    ],
)
def test_a_group_matches_over_a_tree(fleet: Fleet, group: Filter, expected: list[int]) -> None:
    foreign = np.array([False, False, True])
    view = SlotList(np.array([HOST, NUMA, POOL], np.int32), np.zeros(3, np.int32), foreign)
    assert slots(tree_matches(fleet, compile_filter(fleet, group, joint_traits=True), view), 3) == expected


def test_a_sharing_provider_does_not_profit_from_the_root(fleet: Fleet) -> None:
    """The tree's root is in the row, so all of its tree is; the pool is a member of the rack only."""
    view = SlotList(np.array([OTHER, POOL], np.int32), np.full(2, OTHER, np.int32), np.array([False, True]))
    compiled = compile_filter(fleet, Filter(member_of=any_of("row")), joint_traits=True)
    assert slots(tree_matches(fleet, compiled, view), 2) == [0]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ({}, [HOST, NUMA, POOL, OTHER]),
        ({"VCPU": 1}, [HOST, NUMA, OTHER]),
        ({"VCPU": 2}, [HOST, NUMA]),
        ({"VCPU": 3}, [HOST]),
        ({"DISK_GB": 1}, [NUMA]),
        ({"DISK_GB": 5}, [POOL]),
        ({"VCPU": 1, "DISK_GB": 1}, [NUMA]),
        ({"VCPU": 9}, []),
    ],
)
def test_which_have_room(fleet: Fleet, view: str, amounts: dict[str, int], expected: list[int]) -> None:
    demands = compile_filter(fleet, Filter(resources=amounts), joint_traits=False).demands
    assert slots(has_room(fleet, demands, VIEWS[view](fleet), None)) == expected


def test_room_is_added_to_what_a_filter_left(fleet: Fleet) -> None:
    demands = compile_filter(fleet, Filter(resources={"VCPU": 1}), joint_traits=False).demands
    left = np.array([False, True, True, True])
    assert slots(has_room(fleet, demands, VIEWS["a range"](fleet), left)) == [NUMA, OTHER]


def test_a_range_of_slots_looks_at_its_own_rows_only(fleet: Fleet) -> None:
    view = SlotRange(NUMA, OTHER + 1)
    assert view.take(fleet.root).tolist() == [HOST, POOL, OTHER]
    assert view.room(fleet.columns[1], 1).tolist() == [True, False, True]
    assert view.room(fleet.columns[1], 1, together=True).tolist() == [True, False, True]


def test_a_list_of_slots_of_a_class_without_rows() -> None:
    fleet = small_fleet(provider("a", VCPU=1))
    fleet.drop_provider(uuid_of("a"))
    view = SlotList(np.array([0], np.int32), np.array([0], np.int32), None)
    assert view.room(fleet.columns[1], 1).tolist() == [False]
