"""Constraints one at a time: where each holds, what it is called, and what providers could give instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from berth.fleet.explain.constraints import (
    ConstraintMask,
    class_constraints,
    closest_amount,
    group_constraints,
    root_constraints,
)
from berth.fleet.find.whole_fleet import WholeFleet
from berth.model.aggregate import AggregateName
from berth.model.funnel import Constraint
from berth.model.inventory import Inventory
from berth.model.request import Group
from tests.support.fleets import names_at, provider, sharing, small_fleet, uuid_of

FAST = "CUSTOM_FAST"
FLEET = small_fleet(
    provider("a", VCPU=8, traits=[FAST], aggregates=["rack"]),
    provider("b", VCPU=Inventory(16, max_unit=4, step_size=2), used={"VCPU": 13}),
    sharing("pool", "rack", DISK_GB=100),
    classes=["CUSTOM_GOLD"],
)
WHOLE = WholeFleet(FLEET)


def holding(constraint: ConstraintMask) -> list[str]:
    return names_at(FLEET, WHOLE.slots[constraint.holds])


def any_of(*names: str) -> tuple[frozenset[str], ...]:
    return (frozenset(names),)


def test_aggregates_are_called_by_their_names() -> None:
    rack, row = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2))
    fleet = small_fleet(provider("a", VCPU=8, aggregates=[rack, row]))
    fleet.name_aggregate(rack, AggregateName("rack-7"))
    group = Group(member_of=any_of(rack, row), not_member_of=frozenset({"rack-7"}))
    inside, outside = group_constraints(WholeFleet(fleet), group)
    assert inside.description == f"is in one of the aggregates {row}, rack-7"
    assert (outside.description, outside.names) == ("is not in the aggregate rack-7", ("rack-7",))
    assert (inside.holds.tolist(), outside.holds.tolist()) == ([True], [False])


@pytest.mark.parametrize(
    ("group", "description", "failing", "holds"),
    [
        pytest.param(
            Group(suffix="1", required=any_of(FAST)),
            f"has the trait {FAST}",
            f"does not have the trait {FAST}",
            ["a"],
            id="required",
        ),
        pytest.param(
            Group(suffix="1", required=any_of(*"DACB")),
            "has one of the traits A, B, C and 1 more",
            "does not have one of the traits A, B, C and 1 more",
            [],
            id="required, many that do not exist",
        ),
        pytest.param(
            Group(forbidden=frozenset({FAST})),
            f"does not have the trait {FAST}",
            f"has the trait {FAST}",
            ["b", "pool", "pool"],
            id="forbidden",
        ),
        pytest.param(
            Group(suffix="1", member_of=any_of("rack")),
            "is in the aggregate rack",
            "is not in the aggregate rack",
            ["a", "pool", "pool"],
            id="member_of",
        ),
        pytest.param(
            Group(suffix="1", not_member_of=frozenset({"rack"})),
            "is not in the aggregate rack",
            "is in the aggregate rack",
            ["b"],
            id="not_member_of",
        ),
        pytest.param(Group(in_tree=uuid_of("a")), "is part of host a", "is not part of host a", ["a"], id="in_tree"),
        pytest.param(
            Group(in_tree="nobody"),
            "is part of nobody, which does not exist",
            "is not part of nobody, which does not exist",
            [],
            id="in no tree",
        ),
    ],
)
def test_constraints_of_a_group(group: Group, description: str, failing: str, holds: list[str]) -> None:
    [constraint] = group_constraints(WHOLE, group)
    assert (constraint.description, constraint.failing, holding(constraint)) == (description, failing, holds)


def test_constraints_come_in_the_order_of_the_search() -> None:
    group = Group(
        suffix="1",
        required=any_of(FAST),
        forbidden=frozenset({"CUSTOM_B"}),
        member_of=any_of("rack"),
        not_member_of=frozenset({uuid_of("row")}),
        in_tree=uuid_of("a"),
    )
    assert [constraint.kind.value for constraint in group_constraints(WHOLE, group)] == [
        "in_tree",
        "required",
        "forbidden",
        "member_of",
        "not_member_of",
    ]


@pytest.mark.parametrize(
    ("amount", "units", "room"),
    [
        pytest.param(1, ["a", "pool", "pool"], ["a", "b", "pool", "pool"], id="not a multiple for b"),
        pytest.param(4, ["a", "b", "pool", "pool"], ["a", "pool", "pool"], id="more than b has free"),
        pytest.param(9, ["a", "pool", "pool"], ["pool", "pool"], id="more than either has"),
        pytest.param(2**70, ["pool", "pool"], ["pool", "pool"], id="more than 64 bits"),
    ],
)
def test_units_and_room_hold_where_the_class_is_not_at_all(amount: int, units: list[str], room: list[str]) -> None:
    by_kind = {constraint.kind: constraint for constraint in class_constraints(WHOLE, "VCPU", amount)}
    assert [holding(by_kind[kind]) for kind in (Constraint.CLASS, Constraint.UNITS, Constraint.ROOM)] == [
        ["a", "b"],
        units,
        room,
    ]


@pytest.mark.parametrize("name", ["CUSTOM_GOLD", "NO_SUCH"])
def test_a_class_that_no_provider_has_holds_nowhere(name: str) -> None:
    assert next(holding(constraint) for constraint in class_constraints(WHOLE, name, 1)) == []


def test_traits_of_roots() -> None:
    required, forbidden = root_constraints(WHOLE, frozenset({FAST}), frozenset({FAST}))
    assert (holding(required), holding(forbidden)) == (["a"], ["b", "pool", "pool"])
    assert required.description == forbidden.failing == f"itself has the trait {FAST}"


@pytest.mark.parametrize(
    ("pick", "dropped"),
    [(0, {"class", "units", "room"}), (1, {"units"}), (2, {"units", "room"})],
    ids=["a class with its amount", "units alone", "an amount with its units"],
)
def test_what_goes_with_a_dropped_constraint(pick: int, dropped: set[str]) -> None:
    constraint = list(class_constraints(WHOLE, "VCPU", 3))[pick]
    assert {kind.value for kind, _names, _amount in constraint.dropped} == dropped


def the(kind: Constraint, parts: Iterable[ConstraintMask]) -> ConstraintMask:
    return next(constraint for constraint in parts if constraint.kind is kind)


@pytest.mark.parametrize(
    ("kind", "amount", "places", "expected"),
    [
        pytest.param(Constraint.ROOM, 9, lambda slot: slot >= 0, 8, id="the most of all"),
        pytest.param(Constraint.ROOM, 9, lambda slot: slot == 1, 2, id="the most in steps"),
        pytest.param(Constraint.ROOM, 9, lambda slot: slot == 2, None, id="where the class is not"),
        pytest.param(Constraint.UNITS, 3, lambda slot: slot == 1, 2, id="the nearest multiple"),
        pytest.param(Constraint.UNITS, 9, lambda slot: slot == 1, 4, id="the nearest within max_unit"),
        pytest.param(Constraint.UNITS, 9, lambda slot: slot == 0, 9, id="just this"),
    ],
)
def test_the_closest_amount(kind: Constraint, amount: int, places: Callable[[int], bool], expected: int | None) -> None:
    mask = WHOLE.spread(WHOLE.alive.copy())
    mask &= [places(slot) for slot in WHOLE.slots.tolist()]
    assert closest_amount(WHOLE, the(kind, class_constraints(WHOLE, "VCPU", amount)), mask) == expected


def test_no_amount_is_close_where_units_contradict_each_other() -> None:
    whole = WholeFleet(small_fleet(provider("a", VCPU=Inventory(8, min_unit=3, max_unit=3, step_size=2))))
    assert closest_amount(whole, the(Constraint.UNITS, class_constraints(whole, "VCPU", 3)), whole.alive) is None
    assert closest_amount(whole, the(Constraint.ROOM, class_constraints(whole, "VCPU", 9)), whole.alive) == 0
