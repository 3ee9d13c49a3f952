"""Joint feasibility: in how many trees groups that each fit also fit together, and what prevents it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.budget import Budget
from berth.fleet.find.compile import CompiledRequest
from berth.fleet.find.find import domains_of
from berth.fleet.find.search import Domains, solutions
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.funnel import Constraint
from berth.model.plural import plural

MAX_SEARCHED, MAX_HYPOTHETICAL = 256, 64
"""Trees to search once one fits, to count the fitting ones; and to count those that would fit without an obstacle."""

FIRST_BLOCK, LAST_BLOCK = 64, 8192
"""Trees are evaluated in blocks that double."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A joint constraint that may prevent groups from fitting together.

    description: a phrase to follow "a tree that"; dropped: the same request without the constraint.
    """

    kind: Constraint
    description: str
    dropped: CompiledRequest


@dataclass(frozen=True, slots=True)
class TreeCount:
    """The number of trees that fit; bounded: a lower bound, because the search ended before it had seen all."""

    trees: int
    bounded: bool


def obstacles(compiled: CompiledRequest, subtrees: list[str]) -> list[Obstacle]:
    """Return the joint constraints of a request. subtrees: the names of the groups of each same_subtree."""
    found = []
    groups = sum(each.one_provider for each in compiled.variables)
    if compiled.isolate and groups > 1:
        description = f"gives each of the {plural(groups, 'group')} its own provider (group_policy: isolate)"
        found.append(Obstacle(Constraint.ISOLATE, description, replace(compiled, isolate=False)))
    for at, (variables, names) in enumerate(zip(compiled.subtrees, subtrees, strict=True)):
        if len(variables) > 1:
            dropped = replace(compiled, subtrees=compiled.subtrees[:at] + compiled.subtrees[at + 1 :])
            description = f"has the providers of groups {names} within one subtree (same_subtree)"
            found.append(Obstacle(Constraint.SAME_SUBTREE, description, dropped))
    if compiled.contested:
        description = "has enough free for all groups together"
        found.append(Obstacle(Constraint.AMOUNTS, description, replace(compiled, contested=frozenset())))
    if compiled.joint_traits:
        description = "has all required traits on providers with enough free"
        found.append(Obstacle(Constraint.TRAITS, description, replace(compiled, joint_traits=())))
    if compiled.one_provider_per_tree:
        description = "has everything on one provider"
        found.append(Obstacle(Constraint.ONE_PER_TREE, description, replace(compiled, one_provider_per_tree=False)))
    return found


def count_fitting_trees(
    view: WholeFleet, compiled: CompiledRequest, trees: Mask, budget: Budget, *, hypothetical: bool = False
) -> TreeCount:
    """Count the trees in which the whole request fits, among trees in which each group finds something.

    budget: for all searching; hypothetical: the count is about a request without an obstacle, so stop after
    MAX_HYPOTHETICAL trees even if none fits.
    """
    single = int(np.count_nonzero(_single_provider_trees(view, compiled, trees & view.single)))
    others = np.flatnonzero(trees & ~view.single)
    if not obstacles(compiled, [""] * len(compiled.subtrees)):
        return TreeCount(single + len(others), bounded=False)
    found = 0
    for seen, domains in enumerate(_domains(view, compiled, others)):
        if (hypothetical and seen >= MAX_HYPOTHETICAL) or (seen >= MAX_SEARCHED and (single or found)):
            return TreeCount(single + found, bounded=True)
        found += next(solutions(view.fleet, compiled, domains, budget), None) is not None
        if budget.exceeded:
            return TreeCount(single + found, bounded=True)
    return TreeCount(single + found, bounded=False)


def _domains(view: WholeFleet, compiled: CompiledRequest, roots: NDArray[np.intp]) -> Iterator[Domains]:
    first, size = 0, FIRST_BLOCK
    while first < len(roots):
        yield from domains_of(view.fleet, compiled, roots[first : first + size].tolist())
        first, size = first + size, min(2 * size, LAST_BLOCK)


def _single_provider_trees(view: WholeFleet, compiled: CompiledRequest, trees: Mask) -> Mask:
    """Return the trees of one provider each in which it can serve all groups at once."""
    if compiled.isolate and sum(each.one_provider for each in compiled.variables) > 1:
        return np.zeros_like(trees)
    for number in compiled.contested:
        column = view.fleet.columns[number]
        total = sum(amount for each in compiled.variables for wanted, amount in each.demands if wanted == number)
        slots = column.slots.values
        with_room = np.zeros_like(trees)
        with_room[slots] = column.room_together(0, len(column), total)
        trees = trees & with_room
    return trees
