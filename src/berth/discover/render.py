"""A plan for people: rows of plain text, and a tree of lines made of them."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from berth.discover.plan import DiscoveryPlan
from berth.discover.reconcile import Action, PlanStep
from berth.model.inventory import Inventory

SIGNS: Final = {Action.ADD: "+", Action.CHANGE: "~", Action.SAME: " ", Action.REMOVE: "-", Action.KEEP: "!"}
"""One character for each action, in front of a line."""

WORDS: Final = {
    Action.ADD: ("to add", "added"),
    Action.CHANGE: ("to change", "changed"),
    Action.REMOVE: ("to remove", "removed"),
    Action.KEEP: ("gone but kept", "gone but kept"),
    Action.SAME: ("unchanged", "unchanged"),
}
"""What is said of each action before and after."""


class PlanRow(msgspec.Struct, frozen=True):
    """What there is to say of one provider.

    depth: how far below the root; guide: the branch of the tree in front of the name; classes: what it
    has, one text a class ("VCPU 8", "MEMORY_MB 2048 -> 4096"); traits: how many, and what changes of them;
    about: what it is; remarks: what a person should know.
    """

    depth: int
    guide: str
    action: Action
    name: str
    classes: tuple[str, ...]
    traits: str
    about: str
    remarks: tuple[str, ...]


def rows(plan: DiscoveryPlan) -> tuple[PlanRow, ...]:
    """One row for each provider of a plan, as a tree from top to bottom."""
    found: list[PlanRow] = []
    branch(plan.steps[0], plan, "", found)
    return tuple(found)


def branch(
    step: PlanStep, plan: DiscoveryPlan, lead: str, found: list[PlanRow], depth: int = 0, guide: str = ""
) -> None:
    """Add the row of a provider and those below it. lead: what goes in front of the guides below."""
    row = PlanRow(depth, guide, step.action, step.name, class_texts(step), trait_text(step), step.about, step.remarks)
    found.append(row)
    children = [each for each in plan.steps[1:] if shown_below(each, plan) == step.uuid]
    for child in children:
        last = child is children[-1]
        branch(child, plan, lead + ("   " if last else "│  "), found, depth + 1, lead + ("└─ " if last else "├─ "))


def shown_below(step: PlanStep, plan: DiscoveryPlan) -> str | None:
    """Where a step stands: below its parent, or below the machine if its parent is somebody else's."""
    known = step.parent in {each.uuid for each in plan.steps}
    return step.parent if known else plan.steps[0].uuid


def class_texts(step: PlanStep) -> tuple[str, ...]:
    """What a provider has and what becomes of it, by class."""
    names = sorted(step.before.keys() | step.after.keys())
    return tuple(f"{name} {amounts(step.before.get(name), step.after.get(name), step)}" for name in names)


def amounts(before: Inventory | None, after: Inventory | None, step: PlanStep) -> str:
    """How much of a class there is, or was and will be."""
    if after is None:
        return f"{before.total if before else 0} → none"
    if before is None and step.action is not Action.ADD:
        return f"none → {told(after)}"
    if before is None or before == after:
        return told(after)
    return f"{told(before)} → {told(after)}"


def told(inventory: Inventory) -> str:
    """An inventory's total, and what of it cannot be claimed."""
    return f"{inventory.total} ({inventory.reserved} reserved)" if inventory.reserved else f"{inventory.total}"


def trait_text(step: PlanStep) -> str:
    """How many traits, and which come and go if it is a change."""
    count = len(step.traits_after)
    text = {0: "", 1: "1 trait"}.get(count, f"{count} traits")
    if step.action in (Action.ADD, Action.REMOVE) or step.traits_before == step.traits_after:
        return text
    come = [f"+{name}" for name in sorted(step.traits_after - step.traits_before)]
    go = [f"-{name}" for name in sorted(step.traits_before - step.traits_after)]
    changes = come + go
    shown = changes if len(changes) <= 4 else [*changes[:3], f"and {len(changes) - 3} more"]
    return f"{text} ({' '.join(shown)})".lstrip()


def lines(plan: DiscoveryPlan, *, done: bool = False) -> list[str]:
    """A plan as plain text: each provider with what it has, remarks below it, notes and a summary at the end.

    done: whether it is what `apply` did.
    """
    found = []
    for row in rows(plan):
        body = [text for text in (", ".join(row.classes), row.traits) if text]
        found.append(f"{SIGNS[row.action]} {row.guide}{row.name}  {'; '.join(body)}  [{row.about}]")
        found += [f"  {' ' * len(row.guide)}  {remark}" for remark in row.remarks]
    found += [f"note: {note}" for note in plan.notes]
    return [*found, summary(plan, done=done)]


def summary(plan: DiscoveryPlan, *, done: bool = False) -> str:
    """One sentence: how many providers are added, changed, and so on. done: whether they have been."""
    counts = Counter(step.action for step in plan.steps)
    said = [f"{counts[action]} {both[done]}" for action, both in WORDS.items() if counts[action]]
    noun = "provider" if len(plan.steps) == 1 else "providers"
    return f"{len(plan.steps)} {noun}: {', '.join(said)}."
