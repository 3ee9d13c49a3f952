"""The constraints of a group, each on its own: a description, and a mask of the places where it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import provider_matches, tree_matches
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import ClassColumn, Mask
from berth.model.change import NameKind
from berth.model.funnel import Constraint
from berth.model.request import AnyOf, Filter, Group

NAMES_SHOWN = 3
"""Names that a sentence lists of a set of alternatives."""

AMOUNT_LIMIT = 2**62
"""Larger amounts are evaluated as this one: no capacity is larger, and sums stay within 64 bits."""

AMOUNT_KINDS = (Constraint.UNITS, Constraint.ROOM)
CLASS_KINDS = (Constraint.CLASS, *AMOUNT_KINDS)

ConstraintKey = tuple[Constraint, tuple[str, ...], int]
"""The identity of a constraint across groups: kind, names, amount."""


@dataclass(frozen=True, slots=True, eq=False)
class ConstraintMask:
    """One constraint.

    description, failing: what is true of a provider that satisfies it, and of one that does not, each a phrase
    to follow "a provider that"; holds: by place.
    """

    kind: Constraint
    names: tuple[str, ...]
    amount: int
    description: str
    failing: str
    holds: Mask

    @property
    def key(self) -> ConstraintKey:
        """The identity of this constraint across groups."""
        return self.kind, self.names, self.amount

    @property
    def dropped(self) -> frozenset[ConstraintKey]:
        """The constraints dropped together with this one: an amount with its units, a class with its amount."""
        kinds = {Constraint.CLASS: CLASS_KINDS, Constraint.ROOM: AMOUNT_KINDS}.get(self.kind, (self.kind,))
        return frozenset((kind, self.names, self.amount) for kind in kinds)

    @property
    def name(self) -> str:
        """The only name it is about; "" if there are several."""
        return self.names[0] if len(self.names) == 1 else ""


def group_constraints(view: WholeFleet, group: Group) -> Iterator[ConstraintMask]:
    """Yield the constraints on each provider of a group apart from amounts, in the order of the search."""
    if group.in_tree is not None:
        tree, holds = _tree(view, group.in_tree), _holds(view, group, Filter(in_tree=group.in_tree))
        is_part, is_not = f"is part of {tree}", f"is not part of {tree}"
        yield ConstraintMask(Constraint.IN_TREE, (group.in_tree,), 0, is_part, is_not, holds)
    if group.one_provider:
        yield from trait_constraints(view, group)
    for name in sorted(group.forbidden):
        holds = ~have_any(view, (name,))
        yield ConstraintMask(
            Constraint.FORBIDDEN, (name,), 0, f"does not have the trait {name}", f"has the trait {name}", holds
        )
    yield from _aggregate_constraints(view, group)
    if view.fleet.drains.by_slot:
        taking = view.spread(~view.fleet.drains.mask(view.fleet.parent.values))
        yield ConstraintMask(Constraint.DRAINED, (), 0, "is not drained", "is drained", taking)


def _aggregate_constraints(view: WholeFleet, group: Group) -> Iterator[ConstraintMask]:
    """Yield the aggregates that a provider must be in or outside of, by their names where they have one."""
    known = view.fleet.catalogue.aggregate_names
    for given in group.member_of:
        one, holds = _one_of("the aggregate", known.texts(given)), _holds(view, group, Filter(member_of=(given,)))
        yield ConstraintMask(Constraint.MEMBER_OF, _names(given), 0, f"is in {one}", f"is not in {one}", holds)
    for each in sorted(group.not_member_of):
        one = f"the aggregate {known.text(each)}"
        holds = _holds(view, group, Filter(not_member_of=frozenset((each,))))
        yield ConstraintMask(Constraint.NOT_MEMBER_OF, (each,), 0, f"is not in {one}", f"is in {one}", holds)


def trait_constraints(view: WholeFleet, group: Group) -> Iterator[ConstraintMask]:
    """Yield the traits that a group requires of its provider, or of all providers of the unsuffixed group together."""
    for names in group.required:
        one, holds = _one_of("the trait", names), have_any(view, names)
        yield ConstraintMask(Constraint.REQUIRED, _names(names), 0, f"has {one}", f"does not have {one}", holds)


def root_constraints(view: WholeFleet, required: AnyOf, forbidden: AnyOf) -> Iterator[ConstraintMask]:
    """Yield the traits that the root of a tree must have or must not have."""
    for name in sorted(required):
        having, lacking = f"itself has the trait {name}", f"itself lacks the trait {name}"
        yield ConstraintMask(Constraint.ROOT_REQUIRED, (name,), 0, having, lacking, have_any(view, (name,)))
    for name in sorted(forbidden):
        having, lacking = f"itself has the trait {name}", f"itself lacks the trait {name}"
        yield ConstraintMask(Constraint.ROOT_FORBIDDEN, (name,), 0, lacking, having, ~have_any(view, (name,)))


def class_constraints(view: WholeFleet, name: str, amount: int) -> Iterator[ConstraintMask]:
    """Yield the constraints for an amount of a class. Units and room hold where a provider lacks the class."""
    number = view.fleet.catalogue.id_of(NameKind.CLASS, name)
    column = view.fleet.columns.get(-1 if number is None else number) or ClassColumn()
    asked = min(amount, AMOUNT_LIMIT)

    def where(rows: Mask, elsewhere: bool) -> Mask:
        found = np.full(view.own, elsewhere, dtype=np.bool_)
        found[column.slots.values] = rows
        return view.spread(found)

    def constraint(kind: Constraint, description: str, failing: str, holds: Mask) -> ConstraintMask:
        return ConstraintMask(kind, (name,), amount, description, failing, holds)

    least, most, step = column.min_unit.values, column.max_unit.values, column.step_size.values
    units = (least <= asked) & (most >= asked) & (asked % step.astype(np.int64) == 0)
    room = column.used.values + asked <= column.capacity.values
    claim = f"{amount:,} {name} per claim (min/max/step)"
    yield constraint(Constraint.CLASS, f"has {name}", f"has no {name}", where(np.ones(len(column), np.bool_), False))
    yield constraint(Constraint.UNITS, f"allows {claim}", f"does not allow {claim}", where(units, True))
    free = f"{amount:,} {name} free"
    yield constraint(Constraint.ROOM, f"has {free}", f"does not have {free}", where(room, True))


def closest_amount(view: WholeFleet, constraint: ConstraintMask, places: Mask) -> int | None:
    """Return the amount that a provider at one of these places could give instead; None if none has the class.

    For room: the largest claim that one of them can grant now. For units: the claimable amount nearest to the
    requested one, None if the units admit no amount.
    """
    number = view.fleet.catalogue.id_of(NameKind.CLASS, constraint.names[0])
    column = view.fleet.columns.get(-1 if number is None else number)
    if column is None:
        return None
    looked_at = np.zeros(view.own, dtype=np.bool_)
    looked_at[view.slots[places]] = True
    rows = np.flatnonzero(looked_at[column.slots.values])
    if not len(rows):
        return None
    return (
        _largest_claim(column, rows)
        if constraint.kind is Constraint.ROOM
        else _nearest_unit(column, rows, min(constraint.amount, AMOUNT_LIMIT))
    )


def _largest_claim(column: ClassColumn, rows: NDArray[np.intp]) -> int:
    step = column.step_size.values[rows].astype(np.int64)
    free = column.capacity.values[rows] - column.used.values[rows]
    given = np.minimum(free, column.max_unit.values[rows]) // step * step
    return max(0, int(np.where(given >= column.min_unit.values[rows], given, 0).max()))


def _nearest_unit(column: ClassColumn, rows: NDArray[np.intp], amount: int) -> int | None:
    step = column.step_size.values[rows].astype(np.int64)
    least = -(-column.min_unit.values[rows] // step) * step
    most = column.max_unit.values[rows] // step * step
    some = least <= most
    if not some.any():
        return None
    below = np.clip(amount // step * step, least, most)[some]
    above = np.clip(-(-amount // step) * step, least, most)[some]
    offered = np.concatenate((below, above))
    return int(offered[np.abs(offered - amount).argmin()])


def have_any(view: WholeFleet, traits: Iterable[str]) -> Mask:
    """Return, by place, whether its provider has one of these traits; a trait that does not exist is had by none."""
    fleet = view.fleet
    numbers = {fleet.catalogue.id_of(NameKind.TRAIT, name) for name in traits}
    found: Mask = fleet.trait_sets.having_any(number for number in numbers if number is not None)
    mask: Mask = found[view.take(fleet.trait_set)]
    return mask


def _holds(view: WholeFleet, group: Group, asked: Filter) -> Mask:
    """Return, by place, whether the search's own filter accepts it under this one condition."""
    wanted = compile_filter(view.fleet, asked, joint_traits=False)
    found = (provider_matches if group.one_provider else tree_matches)(view.fleet, wanted, view)
    assert found is not None
    return found


def _names(names: AnyOf) -> tuple[str, ...]:
    return tuple(sorted(names))


def _tree(view: WholeFleet, uuid: str) -> str:
    fleet = view.fleet
    slot = fleet.slot_of.get(uuid)
    if slot is None:
        return f"{uuid}, which does not exist"
    return f"host {fleet.names[fleet.root.item(slot)]}"


def _one_of(what: str, names: AnyOf) -> str:
    if len(names) == 1:
        return f"{what} {min(names)}"
    shown = sorted(names)[:NAMES_SHOWN]
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"one of {what}s {', '.join(shown)}{more}"
