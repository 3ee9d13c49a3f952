"""The summary of a funnel, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from berth.fleet.explain.constraints import ConstraintMask
from berth.model.funnel import (
    Constraint,
    Counted,
    FunnelStep,
    GroupFunnel,
    Hindrance,
    Together,
    TreeFunnel,
    UnknownName,
    group_name,
)
from berth.model.plural import plural

ROOT_KINDS = (Constraint.ROOT_REQUIRED, Constraint.ROOT_FORBIDDEN)
FORBIDDING_KINDS = (Constraint.DRAINED, Constraint.FORBIDDEN, Constraint.NOT_MEMBER_OF, Constraint.ROOT_FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Blame:
    """A constraint that may be to blame.

    groups: whose it is, "" if that is plain; others: whether there are more; essential: whether nothing would be asked
    for without it; hint: returns what else could be asked for, "" if there is nothing to say.
    """

    constraint: ConstraintMask
    step: FunnelStep
    groups: str
    others: bool
    essential: bool = False
    hint: Callable[[], str] = str


def reason(
    groups: list[GroupFunnel],
    trees: TreeFunnel,
    together: Together,
    unknown: list[UnknownName],
    blames: Iterable[Blame],
) -> str:
    """Return why a request fits or does not, naming the constraint without which most trees would satisfy it."""
    if unknown:
        return " ".join(_unknown_name_sentence(each) for each in unknown)
    if not trees.total:
        return "There are no providers."
    if together.left:
        least = "at least " * together.bounded
        return f"The request fits in {least}{together.left:,} of {plural(trees.total, 'host')}."
    if trees.with_all_groups:
        return together.why
    worst = _worst(list(blames))
    if worst is not None:
        return _blame_sentence(worst, trees.total)
    return _no_single_constraint(groups, trees)


def why_not_together(each: int, together: int, bounded: bool, hindrances: list[Hindrance]) -> str:
    """Return why groups that each fit in `each` trees fit together in fewer; "" if they do not."""
    if bounded and not together:
        alone = plural(each, "host fits", "hosts fit")
        return f"{alone} each group alone; the search for a host that fits all groups reached its limit."
    if bounded or together == each:
        return ""
    if together:
        more = plural(each - together, "more host fits", "more hosts fit")
        return f"{more} each group alone, but not all groups together."
    worst = max(hindrances, key=lambda one: one.without or 0)
    if worst.without:
        least = "at least " * worst.bounded
        would_fit = f"{least}{plural(worst.without, 'host')}"
        return f"No host {worst.constraint}. Without this constraint, the request would fit in {would_fit}."
    if each == 1:
        return "1 host fits each group alone, but not all groups together."
    return f"{plural(each, 'host')} fit each group alone, but none of them fits all groups together."


def _worst(blames: list[Blame]) -> Blame | None:
    """Return the constraint without which most trees would satisfy the request; None if no single one helps.

    Dropping a class drops its amount, and with it the units: so a class is to blame only if dropping the amount
    does not help, and an amount only if it helps more than its units. The only thing that is asked for is to blame only
    if nothing else is; of equals, the one that removed the last.
    """
    to_blame = {
        (each.constraint.names, each.constraint.kind, each.groups): each for each in blames if each.step.without
    }
    for names, kind, groups in list(to_blame):
        room, units = (to_blame.get((names, which, groups)) for which in (Constraint.ROOM, Constraint.UNITS))
        if kind is Constraint.CLASS and room is not None:
            del to_blame[names, kind, groups]
        if kind is Constraint.ROOM and room and units and room.step.without == units.step.without:
            del to_blame[names, kind, groups]
    return max(to_blame.values(), key=_weight, default=None)


def _weight(blame: Blame) -> tuple[bool, int, bool]:
    step = blame.step
    return not blame.essential, step.without, step.left == 0 < step.removed


def _blame_sentence(blame: Blame, total: int) -> str:
    constraint, step = blame.constraint, blame.step
    whose = "host" if constraint.kind in ROOT_KINDS else "provider"
    rest = " that meets all other constraints" if blame.others else ""
    sentence = (
        f"every {whose}{rest} {constraint.failing}"
        if constraint.kind in FORBIDDING_KINDS
        else f"no {whose}{rest} {constraint.description}"
    )
    if constraint.kind is Constraint.ROOM:
        sentence += f": the largest possible claim is {step.nearest or 0:,}"
    if constraint.kind is Constraint.UNITS and step.nearest is not None:
        sentence += f": the nearest possible claim is {step.nearest:,}"
    sentence = f"for {blame.groups}, {sentence}" if blame.groups else sentence
    hint = blame.hint()
    sentence = f"{sentence[0].upper()}{sentence[1:]}{hint and f' ({hint})'}"
    if blame.essential:
        return f"{sentence}."
    return f"{sentence}. Without this constraint, {step.without:,} of {plural(total, 'host')} would fit."


def _no_single_constraint(groups: list[GroupFunnel], trees: TreeFunnel) -> str:
    """Return the sentence for when more than one constraint would have to be dropped."""
    for group in groups:
        last = next((step for step in group.steps if not step.left), None)
        if last is not None:
            what = "hosts" if group.counted is Counted.TREES else "providers"
            fails = f"none of the remaining {what} ({last.removed:,}) {last.constraint}"
            return f"For {group_name(group.suffix)}, {fails}. Dropping this constraint alone would not help."
    alone = [step for step in trees.steps if step.kind is Constraint.GROUP and step.without]
    if alone:
        worst = max(alone, key=lambda step: step.without)
        would_fit = plural(worst.without, "host")
        return f"No host that fits the other groups {worst.constraint}. Without this group, {would_fit} would fit."
    return "Each group fits in some host, but no host fits all groups."


def _unknown_name_sentence(each: UnknownName) -> str:
    what = "resource class" if each.kind is Constraint.UNKNOWN_CLASS else "trait"
    hint = f" (did you mean {' or '.join(each.nearest)}?)" if each.nearest else ""
    return f"There is no {what} {each.name}{hint}."
