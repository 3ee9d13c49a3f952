"""The funnel of one group over the whole fleet: what its constraints leave, and what they would leave without one."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import numpy as np

from berth.fleet.explain.constraints import (
    AMOUNT_KINDS,
    ConstraintKey,
    ConstraintMask,
    class_constraints,
    closest_amount,
    group_constraints,
    trait_constraints,
)
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.funnel import Counted
from berth.model.request import Group

NO_KEYS: frozenset[ConstraintKey] = frozenset()
"""No constraint is dropped."""


class GroupFunnelBuilder:
    """The constraints of one group, and the trees and providers that satisfy them.

    common: constraints on each provider of the group; branches: per provider to choose, the constraints on its
    class (a suffixed group chooses one provider for all classes); group_traits: traits that the providers of the
    unsuffixed group must have between them.
    """

    def __init__(self, view: WholeFleet, group: Group) -> None:
        self.view, self.group = view, group
        classes = [list(class_constraints(view, name, amount)) for name, amount in group.resources.items()]
        self.common = list(group_constraints(view, group))
        self.branches = classes
        self.group_traits: list[ConstraintMask] = []
        if group.one_provider:
            self.common += [constraint for constraints in classes for constraint in constraints]
            self.branches = [[]]
        else:
            self.group_traits = list(trait_constraints(view, group))
        self.alive = view.spread(view.alive)
        self.fitting = self.trees()

    @property
    def constraints(self) -> list[ConstraintMask]:
        """Every constraint, in the order of the search."""
        return [
            *self.common,
            *(constraint for constraints in self.branches for constraint in constraints),
            *self.group_traits,
        ]

    @property
    def counted(self) -> Counted:
        """What the steps of this group count."""
        return Counted.PROVIDERS if self.group.one_provider else Counted.TREES

    @property
    def total(self) -> int:
        """How many there are before the first constraint."""
        every = self.view.alive if self.group.one_provider else self.view.roots
        return int(np.count_nonzero(every))

    def trees(self, without: frozenset[ConstraintKey] = NO_KEYS) -> Mask:
        """Return, by slot, the roots of the trees in which the group finds all it needs, without some constraints."""
        left = self.view.roots
        common = _all(self.alive, self.common, without)
        found = np.zeros_like(common)
        for constraints in self.branches:
            places = _all(common, constraints, without)
            left = left & self.view.trees(places)
            found |= places
        for constraint in self.group_traits:
            if constraint.key not in without:
                left = left & self.view.trees(found & constraint.holds)
        return left

    def fitting_without(self, keys: frozenset[ConstraintKey]) -> Mask:
        """Return the same as `trees`; nothing is computed if the group has none of these constraints."""
        asked = any(constraint.key in keys for constraint in self.constraints)
        return self.trees(keys) if asked else self.fitting

    def trees_if(self, constraint: ConstraintMask, holds: Mask) -> Mask:
        """Return the same as `trees` if one of the constraints on each provider held at these places instead."""
        changed = copy(self)
        changed.common = [replace(each, holds=holds) if each is constraint else each for each in self.common]
        return changed.trees()

    def steps(self) -> Iterator[tuple[ConstraintMask, int]]:
        """Yield each constraint with how many are left after it."""
        if self.group.one_provider:
            places = self.alive
            for constraint in self.common:
                places = places & constraint.holds
                yield constraint, int(np.count_nonzero(places[: self.view.own]))
            return
        yield from self._steps_of_trees()

    def closest_amount(self, constraint: ConstraintMask, trees: Mask) -> int | None:
        """Return, for a constraint on an amount, the closest that a provider that meets all other constraints can give.

        trees: where to look, those that would satisfy the request without the constraint; if empty, everywhere.
        """
        if constraint.kind not in AMOUNT_KINDS:
            return None
        branch = next((constraints for constraints in self.branches if constraint in constraints), [])
        places = _all(_all(self.alive, self.common, constraint.dropped), branch, constraint.dropped)
        if trees.any():
            places = places & trees[self.view.anchors]
        return closest_amount(self.view, constraint, places)

    def _steps_of_trees(self) -> Iterator[tuple[ConstraintMask, int]]:
        view, left, common = self.view, self.view.roots, self.alive
        for constraint in self.common:
            common = common & constraint.holds
            left = view.trees(common)
            yield constraint, int(np.count_nonzero(left))
        found = np.zeros_like(common)
        for constraints in self.branches:
            places = common
            for constraint in constraints:
                places = places & constraint.holds
                yield constraint, int(np.count_nonzero(left & view.trees(places)))
            left = left & view.trees(places)
            found |= places
        for constraint in self.group_traits:
            left = left & view.trees(found & constraint.holds)
            yield constraint, int(np.count_nonzero(left))


def _all(places: Mask, constraints: list[ConstraintMask], without: frozenset[ConstraintKey]) -> Mask:
    for constraint in constraints:
        if constraint.key not in without:
            places = places & constraint.holds
    return places
