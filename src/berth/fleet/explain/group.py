"""One group of a request over the whole fleet: what its constraints leave, and what they would if one were dropped."""

from __future__ import annotations

from collections.abc import Iterator

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
"""What is dropped from a request that stays as it is."""


class GroupFunnelBuilder:
    """What one group asks for, taken apart.

    common: what each provider of the group must be like; branches: for each provider to be chosen,
    what it must have of a class (a suffixed group chooses one provider for all of them); reached: traits that
    the unsuffixed group's providers must have between them.
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
        """What a step of this group counts."""
        return Counted.PROVIDERS if self.group.one_provider else Counted.TREES

    @property
    def total(self) -> int:
        """How many there are before anything is asked."""
        every = self.view.alive if self.group.one_provider else self.view.roots
        return int(np.count_nonzero(every))

    def trees(self, without: frozenset[ConstraintKey] = NO_KEYS) -> Mask:
        """By slot: around which roots the group finds all it needs, if some constraints are dropped."""
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
        """The same, not worked out anew if this group does not ask for it."""
        asked = any(constraint.key in keys for constraint in self.constraints)
        return self.trees(keys) if asked else self.fitting

    def steps(self) -> Iterator[tuple[ConstraintMask, int]]:
        """Each constraint, and how many are left after it."""
        if self.group.one_provider:
            places = self.alive
            for constraint in self.common:
                places = places & constraint.holds
                yield constraint, int(np.count_nonzero(places[: self.view.own]))
            return
        yield from self._steps_of_trees()

    def closest_amount(self, constraint: ConstraintMask, trees: Mask) -> int | None:
        """For a constraint on an amount: the nearest that a provider with everything else could give.

        In these trees, those that would do without the constraint; if there are none, anywhere.
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
