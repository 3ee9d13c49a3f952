"""The funnel of a request by brute force: one tree, one provider and one condition at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from berth.model.funnel import Constraint
from berth.model.request import CandidateRequest, Group
from tests.support.oracle.candidates import combinations, fits_together, in_tree
from tests.support.oracle.world import World

Key = tuple[Constraint, tuple[str, ...], int]


DEPENDING = {
    Constraint.CLASS: [Constraint.CLASS, Constraint.UNITS, Constraint.ROOM],
    Constraint.ROOM: [Constraint.UNITS, Constraint.ROOM],
}
"""What is not asked any more, if something is not."""


class Condition(NamedTuple):
    """One constraint; holds: whether a provider satisfies it as a part of a tree."""

    key: Key
    holds: Callable[[str, str], bool]


class Narrowed(NamedTuple):
    """A group's constraints with how many are left after each."""

    keys: list[Key]
    left: list[int]


def steps(world: World, group: Group) -> Narrowed:
    """How many providers (a suffixed group) or trees are left after each constraint."""
    conditions = [*common(world, group), *(each for name in group.resources for each in of_class(world, group, name))]
    if group.one_provider:
        left = [
            sum(all(each.holds(world.root(uuid), uuid) for each in conditions[:count]) for uuid in world.providers)
            for count in range(1, len(conditions) + 1)
        ]
        return Narrowed([each.key for each in conditions], left)
    conditions += traits(world, group)
    known = [each.key for each in conditions]
    left = [
        sum(serves(world, root, group, frozenset(known[count:]) - {*known[:count]}) for root in world.roots())
        for count in range(1, len(known) + 1)
    ]
    return Narrowed(known, left)


def serves(world: World, root: str, group: Group, dropped: frozenset[Key]) -> bool:
    """Whether a group finds what it needs around a tree, if some constraints are dropped.

    Of the unsuffixed group: whether each class has a provider, and each trait one of those providers.
    """
    shared = [each for each in common(world, group) if each.key not in dropped]
    pool = [uuid for uuid in world.usable(root) if all(each.holds(root, uuid) for each in shared)]
    classes = {
        name: [each for each in of_class(world, group, name) if each.key not in dropped] for name in group.resources
    }
    if group.one_provider:
        return any(
            all(each.holds(root, uuid) for conditions in classes.values() for each in conditions) for uuid in pool
        )
    choice = {
        name: [uuid for uuid in pool if all(each.holds(root, uuid) for each in classes[name])] for name in classes
    }
    serving = {uuid for uuids in choice.values() for uuid in uuids}
    required = [each for each in traits(world, group) if each.key not in dropped]
    return all(choice.values()) and all(any(each.holds(root, uuid) for uuid in serving) for each in required)


def common(world: World, group: Group) -> Iterator[Condition]:
    """What every provider of a group must be like."""
    if group.in_tree is not None:
        tree = group.in_tree
        yield Condition(
            (Constraint.IN_TREE, (tree,), 0),
            lambda root, uuid: in_tree(world, uuid, tree) and (world.root(uuid) == root or group.one_provider),
        )
    if group.one_provider:
        yield from traits(world, group)
    for name in sorted(group.forbidden):
        yield Condition((Constraint.FORBIDDEN, (name,), 0), partial(lacks_trait, world, name))
    for names in group.member_of:
        yield Condition((Constraint.MEMBER_OF, tuple(sorted(names)), 0), partial(is_member, world, group, names))
    for name in sorted(group.not_member_of):
        yield Condition((Constraint.NOT_MEMBER_OF, (name,), 0), partial(is_no_member, world, group, name))
    if world.drained:
        yield Condition((Constraint.DRAINED, (), 0), lambda _root, uuid: world.takes_claims(uuid))


def lacks_trait(world: World, trait: str, _root: str, uuid: str) -> bool:
    return trait not in world.providers[uuid].traits


def is_member(world: World, group: Group, uuids: frozenset[str], root: str, uuid: str) -> bool:
    """A root's aggregates count for its whole tree, if the unsuffixed group is asked for."""
    own, anchor = world.providers[uuid].aggregates, world.providers[root].aggregates
    return bool(uuids & own) or (not group.one_provider and world.root(uuid) == root and bool(uuids & anchor))


def is_no_member(world: World, group: Group, aggregate: str, root: str, uuid: str) -> bool:
    """And what the root is in counts for those that share with the tree as well."""
    own, anchor = world.providers[uuid].aggregates, world.providers[root].aggregates
    return aggregate not in own and (group.one_provider or aggregate not in anchor)


def traits(world: World, group: Group) -> Iterator[Condition]:
    """The traits that a group requires."""

    def having(names: frozenset[str]) -> Callable[[str, str], bool]:
        return lambda _root, uuid: bool(world.providers[uuid].traits & names)

    for names in group.required:
        yield Condition((Constraint.REQUIRED, tuple(sorted(names)), 0), having(names))


def of_class(world: World, group: Group, name: str) -> list[Condition]:
    """What a provider must have of a class; where it has none, units and room are no question."""
    amount = group.resources[name]

    def stock(uuid: str) -> bool:
        return name in world.providers[uuid].inventories

    def takes(uuid: str) -> bool:
        return world.providers[uuid].inventories[name].takes(amount)

    return [
        Condition((Constraint.CLASS, (name,), amount), lambda _root, uuid: stock(uuid)),
        Condition((Constraint.UNITS, (name,), amount), lambda _root, uuid: not stock(uuid) or takes(uuid)),
        Condition(
            (Constraint.ROOM, (name,), amount), lambda _root, uuid: not stock(uuid) or world.fits(uuid, name, amount)
        ),
    ]


def trees(world: World, request: CandidateRequest, dropped: Key | None = None) -> int:
    """Around how many trees every group finds something, if one constraint is dropped, and what depends on it."""
    left_out = frozenset[Key]()
    if dropped is not None:
        kinds = DEPENDING.get(dropped[0], [dropped[0]])
        left_out = frozenset((kind, *dropped[1:]) for kind in kinds)
    return sum(
        root_matches_without(world, root, request, dropped)
        and all(serves(world, root, group, left_out) for group in request.groups)
        for root in world.roots()
    )


def root_matches_without(world: World, root: str, request: CandidateRequest, dropped: Key | None) -> bool:
    """Whether a root has the traits that it must, but for one that is dropped."""
    has = world.providers[root].traits
    return all(
        name in has for name in request.root_required if dropped != (Constraint.ROOT_REQUIRED, (name,), 0)
    ) and not any(name in has for name in request.root_forbidden if dropped != (Constraint.ROOT_FORBIDDEN, (name,), 0))


def fitting(world: World, request: CandidateRequest) -> int:
    """Around how many trees the whole request fits."""
    return sum(
        any(fits_together(world, request, way) for way in combinations(world, root, request)) for root in world.roots()
    )
