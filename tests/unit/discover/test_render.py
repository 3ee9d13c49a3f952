"""Plans as text."""

from __future__ import annotations

import pytest

from berth.discover.plan import DiscoveryPlan
from berth.discover.reconcile import Action, PlanStep
from berth.discover.render import class_texts, rows, summary, trait_text
from berth.model.inventory import Inventory


def step(action: Action = Action.CHANGE, uuid: str = "a", parent: str | None = None, **changes: object) -> PlanStep:
    fields = {"before": {}, "after": {}, "traits_before": frozenset(), "traits_after": frozenset(), **changes}
    return PlanStep(action=action, uuid=uuid, name=uuid, parent=parent, about="", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "before", "after", "text"),
    [
        (Action.ADD, None, Inventory(8), "VCPU 8"),
        (Action.CHANGE, None, Inventory(8), "VCPU none → 8"),
        (Action.CHANGE, Inventory(8), Inventory(16), "VCPU 8 → 16"),
        (Action.CHANGE, Inventory(8), Inventory(8, reserved=8), "VCPU 8 → 8 (8 reserved)"),
        (Action.CHANGE, Inventory(8), None, "VCPU 8 → none"),
        (Action.SAME, Inventory(8), Inventory(8), "VCPU 8"),
    ],
)
def test_amounts(action: Action, before: Inventory | None, after: Inventory | None, text: str) -> None:
    states = {
        "before": {} if before is None else {"VCPU": before},
        "after": {} if after is None else {"VCPU": after},
    }
    assert class_texts(step(action, **states)) == (text,)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("", "", ""),
        ("A", "A", "1 trait"),
        ("A B", "A C", "2 traits (+C -B)"),
        ("A", "", "(-A)"),
        ("", "A B C D E", "5 traits (+A +B +C and 2 more)"),
    ],
)
def test_traits(before: str, after: str, text: str) -> None:
    changed = step(traits_before=frozenset(before.split()), traits_after=frozenset(after.split()))
    assert trait_text(changed) == text


def plan_of(*steps: PlanStep) -> DiscoveryPlan:
    return DiscoveryPlan(steps=steps, found={}, complete=True, notes=())


def test_rows_are_a_tree() -> None:
    plan = plan_of(
        step(uuid="m"), step(uuid="x", parent="m"), step(uuid="y", parent="x"), step(uuid="z", parent="other")
    )
    assert [(row.guide, row.name, row.depth) for row in rows(plan)] == [
        ("", "m", 0),
        ("├─ ", "x", 1),
        ("│  └─ ", "y", 2),
        ("└─ ", "z", 1),  # its parent is not in the plan, so it is shown below the machine
    ]


@pytest.mark.parametrize(
    ("done", "text"),
    [
        (False, "3 providers: 1 to add, 1 gone but kept, 1 unchanged."),
        (True, "3 providers: 1 added, 1 gone but kept, 1 unchanged."),
    ],
)
def test_the_summary(done: bool, text: str) -> None:
    plan = plan_of(step(Action.SAME), step(Action.ADD), step(Action.KEEP))
    assert summary(plan, done=done) == text
