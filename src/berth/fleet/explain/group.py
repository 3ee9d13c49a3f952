"""One group of a request over the whole fleet: what its constraints leave, and what they would if one were dropped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from berth.fleet.explain.constraints import (
    OF_AMOUNT,
    ConstraintKey,
    ConstraintMask,
    closest,
    of_class,
    of_group,
    of_traits,
)
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.funnel import Counted
from berth.model.request import Group

NOTHING: frozenset[ConstraintKey] = frozenset()
"""What is dropped from a request that stays as it is."""


class GroupFunnelBuilder:
    """What one group asks for, taken apart.

    common: what each provider of the group must be like; branches: for each provider to be chosen,
    what it must have of a class (a suffixed group chooses one provider for all of them); reached: traits that
    the unsuffixed group's providers must have between them.
    """

    def __init__(self, whole: WholeFleet, group: Group) -> None:
        self.whole, self.group = whole, group
        classes = [list(of_class(whole, name, amount)) for name, amount in group.resources.items()]
        self.common = list(of_group(whole, group))
        self.branches = classes
        self.reached: list[ConstraintMask] = []
        if group.one_provider:
            self.common += [part for parts in classes for part in parts]
            self.branches = [[]]
        else:
            self.reached = list(of_traits(whole, group))
        self.alive = whole.spread(whole.alive)
        self.fitting = self.trees()

    @property
    def parts(self) -> list[ConstraintMask]:
        """Every constraint, in the order of the search."""
        return [*self.common, *(part for parts in self.branches for part in parts), *self.reached]

    @property
    def counted(self) -> Counted:
        """What a step of this group counts."""
        return Counted.PROVIDERS if self.group.one_provider else Counted.TREES

    @property
    def total(self) -> int:
        """How many there are before anything is asked."""
        every = self.whole.alive if self.group.one_provider else self.whole.roots
        return int(np.count_nonzero(every))

    def trees(self, without: frozenset[ConstraintKey] = NOTHING) -> Mask:
        """By slot: around which roots the group finds all it needs, if some constraints are dropped."""
        left = self.whole.roots
        common = _all(self.alive, self.common, without)
        found = np.zeros_like(common)
        for parts in self.branches:
            places = _all(common, parts, without)
            left = left & self.whole.trees(places)
            found |= places
        for part in self.reached:
            if part.key not in without:
                left = left & self.whole.trees(found & part.holds)
        return left

    def fitting_without(self, keys: frozenset[ConstraintKey]) -> Mask:
        """The same, not worked out anew if this group does not ask for it."""
        asked = any(part.key in keys for part in self.parts)
        return self.trees(keys) if asked else self.fitting

    def steps(self) -> Iterator[tuple[ConstraintMask, int]]:
        """Each constraint, and how many are left after it."""
        if self.group.one_provider:
            places = self.alive
            for part in self.common:
                places = places & part.holds
                yield part, int(np.count_nonzero(places[: self.whole.own]))
            return
        yield from self._steps_of_trees()

    def closest(self, part: ConstraintMask, trees: Mask) -> int | None:
        """For a constraint on an amount: the nearest that a provider with everything else could give.

        In these trees, those that would do without the constraint; if there are none, anywhere.
        """
        if part.kind not in OF_AMOUNT:
            return None
        branch = next((parts for parts in self.branches if part in parts), [])
        places = _all(_all(self.alive, self.common, part.dropped), branch, part.dropped)
        if trees.any():
            places = places & trees[self.whole.anchors]
        return closest(self.whole, part, places)

    def _steps_of_trees(self) -> Iterator[tuple[ConstraintMask, int]]:
        whole, left, common = self.whole, self.whole.roots, self.alive
        for part in self.common:
            common = common & part.holds
            left = whole.trees(common)
            yield part, int(np.count_nonzero(left))
        found = np.zeros_like(common)
        for parts in self.branches:
            places = common
            for part in parts:
                places = places & part.holds
                yield part, int(np.count_nonzero(left & whole.trees(places)))
            left = left & whole.trees(places)
            found |= places
        for part in self.reached:
            left = left & whole.trees(found & part.holds)
            yield part, int(np.count_nonzero(left))


def _all(places: Mask, parts: list[ConstraintMask], without: frozenset[ConstraintKey]) -> Mask:
    for part in parts:
        if part.key not in without:
            places = places & part.holds
    return places
