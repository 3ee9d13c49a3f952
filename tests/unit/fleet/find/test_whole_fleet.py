"""The whole fleet as one view: every provider in its own tree, every sharing one for each tree it shares with."""

from __future__ import annotations

import numpy as np

from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.fleet import Fleet
from tests.support.fleets import names_at, provider, sharing, small_fleet, uuid_of

SPECS = (
    provider("a", VCPU=4, aggregates=["rack"]),
    provider("a1", "a", aggregates=["rack"]),
    provider("b", VCPU=2, aggregates=["rack"]),
    sharing("pool", "rack", DISK_GB=5),
    provider("gone"),
)


def fleet_with_a_gap() -> Fleet:
    fleet = small_fleet(*SPECS)
    fleet.drop_provider(uuid_of("gone"))
    return fleet


def test_a_sharing_provider_stands_once_for_each_tree() -> None:
    fleet = fleet_with_a_gap()
    whole = WholeFleet(fleet)
    assert names_at(fleet, whole.slots) == ["a", "a1", "b", "pool", "", "pool", "pool"]
    assert whole.anchors[[0, 1, 2, 3, 5, 6]].tolist() == [0, 0, 2, 3, 0, 2]
    assert whole.foreign is not None
    assert np.flatnonzero(whole.foreign).tolist() == [5, 6]


def test_roots_living_providers_and_trees_of_one() -> None:
    fleet = fleet_with_a_gap()
    whole = WholeFleet(fleet)
    assert names_at(fleet, whole.roots) == ["a", "b", "pool"]
    assert names_at(fleet, whole.alive) == ["a", "a1", "b", "pool"]
    assert names_at(fleet, whole.single) == ["pool"]


def test_room_and_columns_are_spread_over_the_places() -> None:
    fleet = fleet_with_a_gap()
    whole = WholeFleet(fleet)
    assert whole.room(fleet.columns[1], 3).tolist() == [True, False, False, False, False, False, False]
    assert whole.room(fleet.columns[2], 5).tolist() == [False, False, False, True, False, True, True]
    assert whole.take(fleet.root)[[5, 6]].tolist() == [3, 3]
    assert whole.take_anchors(fleet.trait_set)[5] == fleet.trait_set.values[0]


def test_a_tree_is_found_through_a_member_or_a_sharing_provider() -> None:
    fleet = fleet_with_a_gap()
    whole = WholeFleet(fleet)
    found = {place: names_at(fleet, whole.trees(np.arange(7) == place)) for place in (0, 1, 2, 3, 5, 6)}
    assert found == {0: ["a"], 1: ["a"], 2: ["b"], 3: ["pool"], 5: ["a"], 6: ["b"]}


def test_without_trees_and_sharing_nothing_is_copied() -> None:
    fleet = small_fleet(provider("a", VCPU=1), provider("b"))
    whole = WholeFleet(fleet)
    assert whole.foreign is None
    assert np.shares_memory(whole.take(fleet.root), fleet.root.values)
    assert names_at(fleet, whole.single) == ["a", "b"]
