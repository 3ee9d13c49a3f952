"""Funnels as tables."""

from __future__ import annotations

from berth.cli.output.funnel import parts
from berth.cli.output.table import Table
from berth.model.funnel import Constraint, Counted, Funnel, FunnelStep, GroupFunnel, Together, TreeFunnel, UnknownName


def step(constraint: str, left: int, removed: int, **more: object) -> FunnelStep:
    return FunnelStep(constraint=constraint, kind=Constraint.ROOM, left=left, removed=removed, **more)  # type: ignore[arg-type]


def group(suffix: str, *steps: FunnelStep) -> GroupFunnel:
    left = steps[-1].left if steps else 4
    return GroupFunnel(suffix=suffix, counted=Counted.TREES, total=4, steps=list(steps), left=left)


def funnel(*groups: GroupFunnel, unknown: tuple[UnknownName, ...] = (), together: str = "") -> Funnel:
    return Funnel(
        groups=list(groups),
        trees=TreeFunnel(total=4, steps=[], with_all_groups=3),
        together=Together(hindrances=[], why=together, left=0),
        unknown=list(unknown),
        why="No room.",
    )


def test_one_group_is_one_table_and_the_reason() -> None:
    table, space, why = parts(funnel(group("", step("has room", 1, 3, nearest=8))))
    assert isinstance(table, Table)
    assert table.columns[0] == "REQUEST"
    assert table.rows == [
        ("all hosts", "█" * 20, 4, None, ""),
        ("has room", "█" * 5 + "░" * 15, 1, 3, "largest possible claim: 8"),
    ]
    assert (space, why) == ("", "No room.")


def test_a_constraint_that_removes_nothing_has_no_hint() -> None:
    table = next(iter(parts(funnel(group("", step("has room", 4, 0, nearest=8))))))
    assert isinstance(table, Table)
    assert table.rows[-1][-1] == ""


def test_several_groups_have_a_table_for_their_hosts() -> None:
    shown = list(parts(funnel(group("_a"), group("_b"), together="They do not fit together.")))
    titles = [part.columns[0] for part in shown if isinstance(part, Table)]
    assert titles == ["GROUP a", "GROUP b", "HOST"]
    assert "hosts that fit each group alone: 3" in shown
    assert shown[-2:] == ["They do not fit together.", "No room."]


def test_unknown_names_come_first_with_suggestions() -> None:
    unknown = UnknownName(kind=Constraint.UNKNOWN_CLASS, name="VPCU", nearest=["VCPU"])
    assert next(iter(parts(funnel(unknown=(unknown,))))) == "unknown name: VPCU: did you mean VCPU?"
