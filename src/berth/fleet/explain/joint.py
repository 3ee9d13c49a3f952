"""Groups that each find something: in how many trees they do so together, and what keeps them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.compile import CompiledRequest
from berth.fleet.find.find import domains_of
from berth.fleet.find.search import Budget, Domains, solutions
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.funnel import Constraint

SEARCHED, HOPED = 256, 64
"""How many trees are searched, once something was found, to count those that fit; and those that would."""

FEW_TREES, MANY_TREES = 64, 8192
"""Trees are looked at in blocks that double."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What may keep groups apart. words: to go on with "that"; dropped: the same request without it."""

    kind: Constraint
    words: str
    dropped: CompiledRequest


@dataclass(frozen=True, slots=True)
class TreeCount:
    """How many trees fit; bounded: at least so many, for the search ended before it had seen all."""

    trees: int
    bounded: bool


def obstacles(ask: CompiledRequest, subtrees: list[str]) -> list[Obstacle]:
    """What this request asks of its groups together. subtrees: the groups of each same_subtree, in words."""
    found = []
    groups = sum(each.one_provider for each in ask.variables)
    if ask.isolate and groups > 1:
        words = f"gives each of the {groups} groups a provider of its own (group_policy: isolate)"
        found.append(Obstacle(Constraint.ISOLATE, words, replace(ask, isolate=False)))
    for at, (variables, names) in enumerate(zip(ask.subtrees, subtrees, strict=True)):
        if len(variables) > 1:
            dropped = replace(ask, subtrees=ask.subtrees[:at] + ask.subtrees[at + 1 :])
            words = f"has the providers of groups {names} in one subtree (same_subtree)"
            found.append(Obstacle(Constraint.SAME_SUBTREE, words, dropped))
    if ask.contested:
        words = "has room for the amounts of all groups together"
        found.append(Obstacle(Constraint.AMOUNTS, words, replace(ask, contested=frozenset())))
    if ask.spread:
        words = "has all required traits on providers that also have the room"
        found.append(Obstacle(Constraint.TRAITS, words, replace(ask, spread=())))
    if ask.one_provider_per_tree:
        words = "has all of it on one provider"
        found.append(Obstacle(Constraint.ONE_PER_TREE, words, replace(ask, one_provider_per_tree=False)))
    return found


def count_fitting_trees(
    whole: WholeFleet, ask: CompiledRequest, trees: Mask, budget: Budget, *, hopeful: bool = False
) -> TreeCount:
    """In how many of these trees, where each group finds something, the whole request does.

    budget: what is left of it for searching; hopeful: only to see what would be; end after HOPED trees, even if
    nothing was found.
    """
    single = int(np.count_nonzero(_single(whole, ask, trees & whole.single)))
    others = np.flatnonzero(trees & ~whole.single)
    if not obstacles(ask, [""] * len(ask.subtrees)):
        return TreeCount(single + len(others), bounded=False)
    found = 0
    for seen, domains in enumerate(_domains(whole, ask, others)):
        if (hopeful and seen >= HOPED) or (seen >= SEARCHED and (single or found)):
            return TreeCount(single + found, bounded=True)
        found += next(solutions(whole.fleet, ask, domains, budget), None) is not None
        if budget.exceeded:
            return TreeCount(single + found, bounded=True)
    return TreeCount(single + found, bounded=False)


def _domains(whole: WholeFleet, ask: CompiledRequest, roots: NDArray[np.intp]) -> Iterator[Domains]:
    first, size = 0, FEW_TREES
    while first < len(roots):
        yield from domains_of(whole.fleet, ask, roots[first : first + size].tolist())
        first, size = first + size, min(2 * size, MANY_TREES)


def _single(whole: WholeFleet, ask: CompiledRequest, trees: Mask) -> Mask:
    """Of these trees of one provider each, those in which it can serve all groups at once."""
    if ask.isolate and sum(each.one_provider for each in ask.variables) > 1:
        return np.zeros_like(trees)
    for number in ask.contested:
        column = whole.fleet.columns[number]
        total = sum(amount for each in ask.variables for wanted, amount in each.demands if wanted == number)
        slots = column.slots.values
        with_room = np.zeros_like(trees)
        with_room[slots] = column.room_together(0, len(column), total)
        trees = trees & with_room
    return trees
