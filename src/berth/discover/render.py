"""Plans as text: rows, and a tree of lines."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from berth.discover.plan import DiscoveryPlan
from berth.discover.reconcile import Action, PlanStep
from berth.model.inventory import Inventory
from berth.model.plural import plural

SIGNS: Final = {Action.ADD: "+", Action.CHANGE: "~", Action.SAME: " ", Action.REMOVE: "-", Action.KEEP: "!"}
"""The character for each action at the beginning of a line."""

WORDS: Final = {
    Action.ADD: ("to add", "added"),
    Action.CHANGE: ("to change", "changed"),
    Action.REMOVE: ("to remove", "removed"),
    Action.KEEP: ("gone but kept", "gone but kept"),
    Action.SAME: ("unchanged", "unchanged"),
}
"""The words for each action, planned and done."""


class PlanRow(msgspec.Struct, frozen=True):
    """The text about one provider.

    depth: levels below the root; guide: the branch of the tree before the name; classes: one text for each
    class ("VCPU 8", "MEMORY_MB 2048 -> 4096"); traits: their number and changes; about: a description;
    remarks: notes for people.
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
    """Return a row for each provider of a plan, in the order of the tree."""
    found: list[PlanRow] = []
    append_rows(plan.steps[0], plan, "", found)
    return tuple(found)


def append_rows(
    step: PlanStep, plan: DiscoveryPlan, lead: str, found: list[PlanRow], depth: int = 0, guide: str = ""
) -> None:
    """Append the rows of a provider and its descendants. lead: the prefix of the guides below."""
    row = PlanRow(depth, guide, step.action, step.name, class_texts(step), trait_text(step), step.about, step.remarks)
    found.append(row)
    children = [each for each in plan.steps[1:] if shown_below(each, plan) == step.uuid]
    for child in children:
        last = child is children[-1]
        append_rows(child, plan, lead + ("   " if last else "│  "), found, depth + 1, lead + ("└─ " if last else "├─ "))


def shown_below(step: PlanStep, plan: DiscoveryPlan) -> str | None:
    """Return the uuid that a step is shown below: its parent, or the machine if the parent is not in the plan."""
    known = step.parent in {each.uuid for each in plan.steps}
    return step.parent if known else plan.steps[0].uuid


def class_texts(step: PlanStep) -> tuple[str, ...]:
    """Return a provider's classes with their amounts before and after."""
    names = sorted(step.before.keys() | step.after.keys())
    return tuple(f"{name} {amounts(step.before.get(name), step.after.get(name), step)}" for name in names)


def amounts(before: Inventory | None, after: Inventory | None, step: PlanStep) -> str:
    """Return the amount of a class, or the amounts before and after."""
    if after is None:
        return f"{before.total if before else 0} → none"
    if before is None and step.action is not Action.ADD:
        return f"none → {total_text(after)}"
    if before is None or before == after:
        return total_text(after)
    return f"{total_text(before)} → {total_text(after)}"


def total_text(inventory: Inventory) -> str:
    """Return an inventory's total, with the reserved amount if there is any."""
    return f"{inventory.total} ({inventory.reserved} reserved)" if inventory.reserved else f"{inventory.total}"


def trait_text(step: PlanStep) -> str:
    """Return the number of traits, with the added and removed ones of a change."""
    count = len(step.traits_after)
    text = plural(count, "trait") if count else ""
    if step.action in (Action.ADD, Action.REMOVE) or step.traits_before == step.traits_after:
        return text
    added = [f"+{name}" for name in sorted(step.traits_after - step.traits_before)]
    removed = [f"-{name}" for name in sorted(step.traits_before - step.traits_after)]
    changes = added + removed
    shown = changes if len(changes) <= 4 else [*changes[:3], f"and {len(changes) - 3} more"]
    return f"{text} ({' '.join(shown)})".lstrip()


def lines(plan: DiscoveryPlan, *, done: bool = False) -> list[str]:
    """Return a plan as lines: each provider, its remarks below it, notes and a summary at the end.

    done: whether the plan has been applied.
    """
    found = []
    for row in rows(plan):
        body = [text for text in (", ".join(row.classes), row.traits) if text]
        found.append(f"{SIGNS[row.action]} {row.guide}{row.name}  {'; '.join(body)}  [{row.about}]")
        found += [f"  {' ' * len(row.guide)}  {remark}" for remark in row.remarks]
    found += [f"note: {note}" for note in plan.notes]
    return [*found, summary(plan, done=done)]


def summary(plan: DiscoveryPlan, *, done: bool = False) -> str:
    """Return the numbers of added, changed ... providers in one sentence. done: whether the plan has been applied."""
    counts = Counter(step.action for step in plan.steps)
    parts = [f"{counts[action]} {both[done]}" for action, both in WORDS.items() if counts[action]]
    noun = "provider" if len(plan.steps) == 1 else "providers"
    return f"{len(plan.steps)} {noun}: {', '.join(parts)}."
