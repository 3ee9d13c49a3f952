"""All groups of a request: equal ones are computed once, and a constraint is dropped from all of them."""

from __future__ import annotations

from berth.fleet.explain.request import RequestFunnelBuilder
from berth.fleet.find.whole_fleet import WholeFleet
from berth.model.funnel import Constraint
from berth.model.request import CandidateRequest, Group
from tests.support.fleets import names_at, provider, small_fleet

FAST = "CUSTOM_FAST"
FLEET = small_fleet(provider("a", VCPU=8, traits=[FAST]), provider("b", VCPU=4), provider("c", DISK_GB=5))


def funnels(*groups: Group, root_required: frozenset[str] = frozenset()) -> RequestFunnelBuilder:
    return RequestFunnelBuilder(WholeFleet(FLEET), CandidateRequest(groups=groups, root_required=root_required))


def test_groups_that_ask_for_the_same_are_one() -> None:
    one, other = Group(suffix="1", resources={"VCPU": 2}), Group(suffix="2", resources={"VCPU": 2})
    builder = funnels(one, other, Group(suffix="3", resources={"VCPU": 3}), Group(resources={"VCPU": 2}))
    assert [distinct.suffixes for distinct in builder.distinct] == [["1", "2"], ["3"], [""]]
    assert [distinct.named for distinct in builder.distinct] == ["groups 1, 2", "group 3", "the main request"]
    assert builder.distinct_of(one) is builder.distinct_of(other)


def test_trees_must_satisfy_the_root_and_every_group() -> None:
    builder = funnels(Group(suffix="1", resources={"VCPU": 2}), root_required=frozenset({FAST}))
    assert names_at(FLEET, builder.fitting()) == ["a"]
    assert names_at(FLEET, builder.without(builder.root_constraints[0])) == ["a", "b"]


def test_a_constraint_is_dropped_from_every_group_that_makes_it() -> None:
    builder = funnels(
        Group(suffix="1", resources={"VCPU": 9}), Group(suffix="2", resources={"VCPU": 9}, forbidden=frozenset({FAST}))
    )
    room = next(
        constraint for constraint in builder.distinct[0].group_builder.constraints if constraint.kind is Constraint.ROOM
    )
    assert names_at(FLEET, builder.fitting()) == []
    assert names_at(FLEET, builder.without(room)) == ["b"]


def test_a_group_can_be_left_out() -> None:
    builder = funnels(Group(suffix="1", resources={"VCPU": 9}), Group(suffix="2", resources={"DISK_GB": 1}))
    assert names_at(FLEET, builder.fitting(leave_out=builder.distinct[0])) == ["c"]
