"""A funnel in one sentence: which constraint it names, and how."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.explain.constraints import ConstraintMask
from berth.fleet.explain.sentence import Blame, reason, why_not_together
from berth.model.funnel import (
    Constraint,
    Counted,
    FunnelStep,
    GroupFunnel,
    Hindrance,
    Together,
    TreeFunnel,
    UnknownName,
)

TOGETHER = Together(hindrances=[], why="", left=0)


def blame(
    kind: Constraint, without: int, *, name: str = "VCPU", groups: str = "", others: bool = False, nearest: int = 0
) -> Blame:
    constraint = ConstraintMask(kind, (name,), 4, f"is {kind} {name}", f"is not {kind} {name}", np.zeros(0, np.bool_))
    step = FunnelStep(constraint=constraint.description, kind=kind, left=0, removed=1, without=without, nearest=nearest)
    return Blame(constraint, step, groups, others)


def trees(total: int, with_all_groups: int = 0, *steps: FunnelStep) -> TreeFunnel:
    return TreeFunnel(total=total, steps=list(steps), with_all_groups=with_all_groups)


def of(blames: list[Blame], total: int = 10) -> str:
    return reason([], trees(total), TOGETHER, [], blames)


def test_unknown_names_come_before_everything_else() -> None:
    unknown = [
        UnknownName(kind=Constraint.UNKNOWN_CLASS, name="VCPUS", nearest=["VCPU", "PCPU"]),
        UnknownName(kind=Constraint.UNKNOWN_TRAIT, name="NO_SUCH", nearest=[]),
    ]
    assert reason([], trees(0), TOGETHER, unknown, []) == (
        "There is no resource class VCPUS (did you mean VCPU or PCPU?). There is no trait NO_SUCH."
    )


@pytest.mark.parametrize(
    ("together", "expected"),
    [
        (Together(hindrances=[], why="", left=1200), "The request fits in 1,200 of 2,000 hosts."),
        (Together(hindrances=[], why="", left=3, bounded=True), "The request fits in at least 3 of 2,000 hosts."),
        (Together(hindrances=[], why="They do not go together.", left=0), "They do not go together."),
    ],
)
def test_where_each_group_finds_something(together: Together, expected: str) -> None:
    assert reason([], trees(2000, 1500), together, [], []) == expected


@pytest.mark.parametrize(
    ("blames", "begins"),
    [
        pytest.param(
            [blame(Constraint.CLASS, 2), blame(Constraint.REQUIRED, 5)],
            "No provider is required VCPU",
            id="the largest",
        ),
        pytest.param(
            [blame(Constraint.CLASS, 9), blame(Constraint.ROOM, 5), blame(Constraint.UNITS, 1)],
            "No provider is room VCPU: the largest possible claim is 0",
            id="an amount rather than its class",
        ),
        pytest.param(
            [blame(Constraint.ROOM, 5), blame(Constraint.UNITS, 5, nearest=16)],
            "No provider is units VCPU: the nearest possible claim is 16",
            id="units rather than an amount that does no more",
        ),
        pytest.param([blame(Constraint.FORBIDDEN, 1)], "Every provider is not forbidden VCPU", id="what is forbidden"),
        pytest.param([blame(Constraint.ROOT_REQUIRED, 1)], "No host is root_required VCPU", id="of roots"),
        pytest.param(
            [blame(Constraint.REQUIRED, 1, groups="group 1", others=True)],
            "For group 1, no provider that meets all other constraints is required VCPU",
            id="of one group among others",
        ),
    ],
)
def test_which_constraint_is_named(blames: list[Blame], begins: str) -> None:
    without = max(each.step.without for each in blames if begins.lower().find(f" {each.constraint.kind} ") >= 0)
    assert of(blames) == f"{begins}. Without this constraint, {without:,} of 10 hosts would fit."


def test_when_no_single_constraint_is_to_blame() -> None:
    step = FunnelStep(constraint="has 9 VCPU free", kind=Constraint.ROOM, left=0, removed=3)
    group = GroupFunnel(suffix="1", counted=Counted.PROVIDERS, total=9, steps=[step], left=0)
    assert reason([group], trees(9), TOGETHER, [], []).startswith(
        "For group 1, none of the remaining providers (3) has 9 VCPU free. Dropping this"
    )
    whole = FunnelStep(constraint="has what group 1 needs", kind=Constraint.GROUP, left=0, removed=1, without=1)
    assert reason([], trees(9, 0, whole), TOGETHER, [], []) == (
        "No host that fits the other groups has what group 1 needs. Without this group, 1 host would fit."
    )
    assert reason([], trees(9), TOGETHER, [], []).startswith("Each group fits in some host")
    assert reason([], trees(0), TOGETHER, [], []) == "There are no providers."


def hindrance(without: int | None, *, bounded: bool = False) -> Hindrance:
    return Hindrance(constraint="isolates", kind=Constraint.ISOLATE, without=without, bounded=bounded)


@pytest.mark.parametrize(
    ("each", "together", "bounded", "hindrances", "expected"),
    [
        (5, 5, False, [], ""),
        (5, 2, True, [], ""),
        (5, 0, True, [], "5 hosts fit each group alone; the search for a host that fits all groups reached its limit."),
        (5, 2, False, [], "3 more hosts fit each group alone, but not all groups together."),
        (5, 4, False, [], "1 more host fits each group alone, but not all groups together."),
        (
            5,
            0,
            False,
            [hindrance(0), hindrance(4, bounded=True)],
            "No host isolates. Without this constraint, the request would fit in at least 4 hosts.",
        ),
        (5, 0, False, [hindrance(0)], "5 hosts fit each group alone, but none of them fits all groups together."),
    ],
)
def test_why_not_together(each: int, together: int, bounded: bool, hindrances: list[Hindrance], expected: str) -> None:
    assert why_not_together(each, together, bounded, hindrances) == expected
