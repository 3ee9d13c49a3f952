"""The funnel of one group: what is left after each constraint, and what would be without one."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.explain.group import GroupFunnelBuilder
from berth.fleet.find.whole_fleet import WholeFleet
from berth.model.funnel import Constraint, Counted
from berth.model.request import Group
from tests.support.fleets import names_at, provider, sharing, small_fleet

FAST = "CUSTOM_FAST"
FLEET = small_fleet(
    provider("a", VCPU=8, traits=[FAST], aggregates=["rack"]),
    provider("b", VCPU=4),
    provider("b1", "b", DISK_GB=10),
    sharing("pool", "rack", DISK_GB=100),
)
WHOLE = WholeFleet(FLEET)
BOTH = {"VCPU": 6, "DISK_GB": 5}


def funnel(group: Group) -> GroupFunnelBuilder:
    return GroupFunnelBuilder(WHOLE, group)


@pytest.mark.parametrize(
    ("group", "counted", "total", "steps", "fitting"),
    [
        pytest.param(
            Group(suffix="1", resources={"VCPU": 6}, required=(frozenset({FAST}),)),
            Counted.PROVIDERS,
            4,
            [("required", 1), ("class", 1), ("units", 1), ("room", 1)],
            ["a"],
            id="a suffixed group counts providers",
        ),
        pytest.param(
            Group(suffix="1", resources=BOTH),
            Counted.PROVIDERS,
            4,
            [("class", 2), ("units", 2), ("room", 1), ("class", 0), ("units", 0), ("room", 0)],
            [],
            id="a suffixed group needs all of one provider",
        ),
        pytest.param(
            Group(resources=BOTH),
            Counted.TREES,
            3,
            [("class", 2), ("units", 2), ("room", 1), ("class", 1), ("units", 1), ("room", 1)],
            ["a"],
            id="the unsuffixed group counts trees, with what is shared",
        ),
        pytest.param(
            Group(resources={"VCPU": 1, "DISK_GB": 5}, required=(frozenset({FAST}),)),
            Counted.TREES,
            3,
            [("class", 2), ("units", 2), ("room", 2), ("class", 2), ("units", 2), ("room", 2), ("required", 1)],
            ["a"],
            id="the unsuffixed group's traits come last",
        ),
    ],
)
def test_what_each_step_leaves(
    group: Group, counted: Counted, total: int, steps: list[tuple[str, int]], fitting: list[str]
) -> None:
    builder = funnel(group)
    assert (builder.counted, builder.total) == (counted, total)
    assert [(constraint.kind.value, left) for constraint, left in builder.steps()] == steps
    assert [constraint.kind for constraint in builder.constraints] == [
        constraint.kind for constraint, _left in builder.steps()
    ]
    assert names_at(FLEET, builder.fitting) == fitting


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Constraint.ROOM, ["a", "b"]), (Constraint.UNITS, ["a"]), (Constraint.CLASS, ["a", "b", "pool"])],
)
def test_what_would_fit_without_one(kind: Constraint, expected: list[str]) -> None:
    builder = funnel(Group(resources=BOTH))
    constraint = next(constraint for constraint in builder.constraints if constraint.kind is kind)
    assert names_at(FLEET, builder.fitting_without(constraint.dropped)) == expected


def test_nothing_is_computed_again_for_a_constraint_of_another_group() -> None:
    builder = funnel(Group(resources={"VCPU": 1}))
    other = funnel(Group(resources={"DISK_GB": 1}))
    assert builder.fitting_without(other.constraints[0].dropped) is builder.fitting


def test_the_closest_amount_is_one_of_a_provider_with_everything_else() -> None:
    builder = funnel(Group(suffix="1", resources={"VCPU": 9}, forbidden=frozenset({FAST})))
    room = next(constraint for constraint in builder.constraints if constraint.kind is Constraint.ROOM)
    assert builder.closest_amount(room, builder.fitting_without(room.dropped)) == 4
    assert builder.closest_amount(builder.constraints[0], builder.fitting) is None


def test_the_closest_amount_is_one_of_the_given_trees() -> None:
    builder = funnel(Group(resources={"VCPU": 9}))
    room = next(constraint for constraint in builder.constraints if constraint.kind is Constraint.ROOM)
    found = [
        builder.closest_amount(room, np.isin(np.arange(WHOLE.own), slots).astype(np.bool_))
        for slots in ([0, 1], [1], [])
    ]
    assert found == [8, 4, 8]
