"""Candidates by brute force: every way to choose providers, then whether it is a candidate.

The rules are those of Placement 16.0.0 (allocation_candidate.py, research_context.py), without its faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from berth.model.candidate import Candidate, ProviderSummary, ResourceUsage
from berth.model.request import CandidateRequest, Filter, Group, ProviderQuery
from tests.support.oracle.world import World

Taken = frozenset[tuple[str, str, int]]
"""Amounts that a candidate claims: (provider, class, amount)."""

Served = frozenset[tuple[str, frozenset[str]]]
"""Which providers serve each group: (suffix, providers)."""


class Found(NamedTuple):
    """A candidate without any order, to be compared."""

    taken: Taken
    served: Served


class Choice(NamedTuple):
    """One way to satisfy one group: who serves it, and what of each (provider, class)."""

    suffix: str
    providers: frozenset[str]
    amounts: dict[tuple[str, str], int]


def found(candidate: Candidate) -> Found:
    """The same candidate without any order."""
    taken = frozenset(
        (provider, name, amount)
        for provider, resources in candidate.allocations.items()
        for name, amount in resources.items()
    )
    return Found(taken, frozenset((suffix, frozenset(uuids)) for suffix, uuids in candidate.mappings.items()))


def find(world: World, request: CandidateRequest) -> set[Found]:
    """All candidates there are; ``ask.limit`` is not looked at."""
    every = set()
    for root in world.roots():
        for choices in combinations(world, root, request):
            if fits_together(world, request, choices):
                every.add(candidate_of(choices))
    return every


def combinations(world: World, root: str, request: CandidateRequest) -> Iterator[tuple[Choice, ...]]:
    """Every way to choose for each group by itself, around one tree."""
    if not root_matches(world, root, request):
        return iter(())
    return product(*(choices(world, root, group) for group in request.groups))


def size(world: World, request: CandidateRequest) -> int:
    """How many combinations the brute force would look at."""
    total = 0
    for root in world.roots():
        ways = 1
        for group in request.groups:
            ways *= len(choices(world, root, group))
        total += ways
    return total


def root_matches(world: World, root: str, request: CandidateRequest) -> bool:
    """Whether a tree's root has what is asked of roots."""
    traits = world.providers[root].traits
    return request.root_required <= traits and not request.root_forbidden & traits


def choices(world: World, root: str, group: Group) -> list[Choice]:
    """Every way to satisfy one group from one tree and what is shared with it."""
    return one_provider(world, root, group) if group.one_provider else several_providers(world, root, group)


def one_provider(world: World, root: str, group: Group) -> list[Choice]:
    """A suffixed group: one provider has all of it."""
    return [
        Choice(group.suffix, frozenset({uuid}), {(uuid, name): amount for name, amount in group.resources.items()})
        for uuid in world.usable(root)
        if world.takes_claims(uuid) and matches(world, uuid, group)
    ]


def several_providers(world: World, root: str, group: Group) -> list[Choice]:
    """The unsuffixed group: each class from any provider, and the traits of all of them together."""
    pool = {uuid for uuid in world.usable(root) if unsuffixed_takes(world, root, uuid, group)}
    ways = product(*([uuid for uuid in pool if has_room(world, uuid, *need)] for need in group.resources.items()))
    return [
        Choice(group.suffix, frozenset(way), amounts(way, group))
        for way in ways
        if all(set().union(*(world.providers[uuid].traits for uuid in way)) & names for names in group.required)
    ]


def amounts(way: tuple[str, ...], group: Group) -> dict[tuple[str, str], int]:
    """What is taken of each (provider, class), if the classes come from these providers, in order."""
    return {(uuid, name): amount for uuid, (name, amount) in zip(way, group.resources.items(), strict=True)}


def unsuffixed_takes(world: World, root: str, uuid: str, group: Group) -> bool:
    """Whether the unsuffixed group may take from this provider, around this tree.

    A root's aggregates count for its whole tree; but a provider of another tree must be a member itself.
    A group that is bound to a tree takes from nowhere else, and stands around that tree only.
    """
    provider, own = world.providers[uuid], world.root(uuid) == root
    if not world.takes_claims(uuid):
        return False
    anchored = world.providers[root].aggregates
    if provider.traits & group.forbidden or (provider.aggregates | anchored) & group.not_member_of:
        return False
    if group.in_tree is not None and not (own and in_tree(world, uuid, group.in_tree)):
        return False
    return is_member(provider.aggregates, group) or (own and is_member(anchored, group))


def is_member(aggregates: set[str], group: Filter) -> bool:
    """Whether these aggregates are in each set that is asked for."""
    return all(aggregates & names for names in group.member_of)


def in_tree(world: World, uuid: str, other: str) -> bool:
    """Whether two providers are of one tree; False if the other does not exist."""
    return other in world.providers and world.root(uuid) == world.root(other)


def has_room(world: World, uuid: str, name: str, amount: int) -> bool:
    """Whether one group may take so much of a class from this provider."""
    inventory = world.providers[uuid].inventories.get(name)
    return inventory is not None and inventory.takes(amount) and world.fits(uuid, name, amount)


def matches(world: World, uuid: str, request: Filter) -> bool:
    """Whether a provider is, by itself, all that is asked for."""
    provider = world.providers[uuid]
    return (
        all(has_room(world, uuid, name, amount) for name, amount in request.resources.items())
        and all(provider.traits & names for names in request.required)
        and not provider.traits & request.forbidden
        and is_member(provider.aggregates, request)
        and not provider.aggregates & request.not_member_of
        and (request.in_tree is None or in_tree(world, uuid, request.in_tree))
    )


def fits_together(world: World, request: CandidateRequest, choices: tuple[Choice, ...]) -> bool:
    """Whether choices that are good for each group are good together."""
    return (
        (not request.isolate or is_isolated(choices))
        and all(in_one_subtree(world, suffixes, choices) for suffixes in request.same_subtrees)
        and (not request.one_provider_per_tree or takes_once_per_tree(world, choices))
        and all_fits(world, choices)
    )


def is_isolated(choices: Iterable[Choice]) -> bool:
    """Whether all suffixed groups are on different providers."""
    serving = [uuid for choice in choices if choice.suffix for uuid in choice.providers]
    return len(serving) == len(set(serving))


def in_one_subtree(world: World, suffixes: frozenset[str], choices: Iterable[Choice]) -> bool:
    """Whether one of the providers of these groups is above, or is, all of them."""
    serving = set[str]().union(*(choice.providers for choice in choices if choice.suffix in suffixes))
    return any(all(top in world.line(uuid) for uuid in serving) for top in serving)


def takes_once_per_tree(world: World, choices: Iterable[Choice]) -> bool:
    """Whether no two of the providers that are taken from are of one tree."""
    taken_from = {uuid for uuid, _name in totals(choices)}
    return len({world.root(uuid) for uuid in taken_from}) == len(taken_from)


def all_fits(world: World, choices: Iterable[Choice]) -> bool:
    """Whether the groups together find room, and nobody is asked for more at once than it gives."""
    return all(
        world.fits(uuid, name, amount) and amount <= world.providers[uuid].inventories[name].max_unit
        for (uuid, name), amount in totals(choices).items()
    )


def totals(choices: Iterable[Choice]) -> Counter[tuple[str, str]]:
    """What the choices take of each (provider, class)."""
    return sum((Counter(choice.amounts) for choice in choices), Counter[tuple[str, str]]())


def candidate_of(choices: tuple[Choice, ...]) -> Found:
    """The candidate that these choices make."""
    taken = frozenset((uuid, name, amount) for (uuid, name), amount in totals(choices).items())
    return Found(taken, frozenset((choice.suffix, choice.providers) for choice in choices))


def summaries(world: World, candidates: Iterable[Found], request: CandidateRequest) -> dict[str, ProviderSummary]:
    """What the answer tells of each provider, with traits sorted."""
    taken_from = {uuid for candidate in candidates for uuid, _name, _amount in candidate.taken}
    roots = {world.root(uuid) for uuid in taken_from}
    shown = {uuid for uuid in world.providers if world.root(uuid) in roots}
    return {uuid: summary(world, uuid) for uuid in (taken_from if request.one_provider_per_tree else shown)}


def summary(world: World, uuid: str) -> ProviderSummary:
    """What the answer tells of one provider."""
    provider = world.providers[uuid]
    rooms = {name: ResourceUsage(had.capacity, world.used(uuid, name)) for name, had in provider.inventories.items()}
    return ProviderSummary(rooms, sorted(provider.traits), provider.parent, world.root(uuid))


def matching_providers(world: World, query: ProviderQuery) -> set[str]:
    """The providers that a query lists."""
    return {
        uuid
        for uuid, provider in world.providers.items()
        if query.uuid in (None, uuid) and query.name in (None, provider.name) and matches(world, uuid, query)
    }
