"""Strategies for requests, derived from a world so that most have candidates there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from hypothesis import strategies as st
from msgspec.structs import replace

from berth.model.request import CandidateRequest, Group, ProviderQuery
from tests.suites.properties.name_pools import AGGREGATES, CLASSES, SUFFIXES, TRAITS, UNKNOWN_UUID
from tests.suites.properties.worlds import chance, some
from tests.support.oracle.candidates import has_room
from tests.support.oracle.world import World

AMOUNTS: Final = (1, 2, 1, 2, 3, 4)


@st.composite
def candidate_requests(draw: st.DrawFn, world: World) -> CandidateRequest:
    """A request that is built to fit in one tree, and then sometimes made infeasible."""
    root = draw(
        st.sampled_from(world.roots() + 3 * [root for root in world.roots() if world.usable(root) - world.tree(root)])
    )
    usable = sorted(world.usable(root))
    count = draw(st.sampled_from((2, 0, 1, 3)))
    groups = [draw(suffixed(world, usable, suffix)) for suffix in SUFFIXES[:count]]
    if not any(group.resources for group in groups) or draw(chance(60)):
        groups.append(draw(unsuffixed(world, root, usable)))
    if draw(chance(7)):
        groups[0] = draw(contradicted(groups[0]))
    return CandidateRequest(
        groups=tuple(groups),
        isolate=draw(chance(40)),
        root_required=frozenset(draw(some(sorted(world.providers[root].traits), 1, 1)) if draw(chance(12)) else ()),
        root_forbidden=frozenset(draw(some(TRAITS, 1, 1)) if draw(chance(6)) else ()),
        same_subtrees=draw(subtrees(groups)),
        one_provider_per_tree=draw(chance(8)),
    )


@st.composite
def suffixed(draw: st.DrawFn, world: World, usable: Sequence[str], suffix: str) -> Group:
    """A group that one of these providers satisfies, if any has room; one in five without resources."""
    roomy = [uuid for uuid in usable if any(has_room(world, uuid, name, 1) for name in CLASSES)]
    uuid = draw(st.sampled_from(roomy or usable))
    provider = world.providers[uuid]
    filter_ = draw(filters(provider.traits, provider.aggregates, [uuid, world.root(uuid)], 25))
    if draw(chance(22)):
        return Group(suffix=suffix, **filter_) if filter_ else Group(suffix=suffix, in_tree=uuid)
    names = [name for name in CLASSES if has_room(world, uuid, name, 1)] or list(provider.inventories) or CLASSES[:1]
    resources = {name: draw(amounts(world, [uuid], name)) for name in draw(some(names, 1, 2))}
    return Group(suffix=suffix, resources=resources, **filter_)


@st.composite
def unsuffixed(draw: st.DrawFn, world: World, root: str, usable: Sequence[str]) -> Group:
    """A group that several of these providers satisfy together, if they have room."""
    names = [name for name in CLASSES if any(has_room(world, uuid, name, 1) for uuid in usable)]
    picked = draw(some(names or CLASSES[:1], 1, 3))
    resources = {name: draw(amounts(world, usable, name)) for name in picked}
    serving = [uuid for uuid in usable if world.providers[uuid].inventories.keys() & resources.keys()]
    traits = set[str]().union(*(world.providers[uuid].traits for uuid in serving))
    aggregates = world.providers[root].aggregates or (world.providers[serving[0]].aggregates if serving else set())
    return Group(resources=resources, **draw(filters(traits, aggregates, sorted(world.tree(root)), 15)))


def amounts(world: World, uuids: Sequence[str], name: str) -> st.SearchStrategy[int]:
    """How much to ask of a class: what one of these providers has room for, if any has."""
    fitting = [amount for amount in AMOUNTS if any(has_room(world, uuid, name, amount) for uuid in uuids)]
    return st.sampled_from(fitting or AMOUNTS)


@st.composite
def filters(
    draw: st.DrawFn, traits: Iterable[str], aggregates: Iterable[str], tree: Sequence[str], percent: int
) -> dict[str, Any]:
    """Filters that a provider with all of these traits and aggregates in this tree passes."""
    traits, aggregates = sorted(traits), sorted(aggregates)
    chosen: dict[str, Any] = {}
    if draw(chance(percent)) and traits:
        chosen["required"] = tuple(draw(any_of(name, TRAITS)) for name in draw(some(traits, 1, 2)))
    if draw(chance(percent // 2)):
        chosen["forbidden"] = frozenset(draw(some(sorted({*TRAITS} - {*traits}), 1, 1)))
    if draw(chance(percent)) and aggregates:
        chosen["member_of"] = tuple(draw(any_of(uuid, AGGREGATES)) for uuid in draw(some(aggregates, 1, 2)))
    if draw(chance(percent // 2)):
        chosen["not_member_of"] = frozenset(draw(some(sorted({*AGGREGATES} - {*aggregates}), 1, 2)))
    if draw(chance(percent // 2)):
        chosen["in_tree"] = draw(st.sampled_from(tree))
    return {name: value for name, value in chosen.items() if value}


def any_of(name: str, others: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    """This name, or one of a few others."""
    return some(others, 0, 1).map(lambda more: frozenset({name, *more}))


def contradicted(group: Group) -> st.SearchStrategy[Group]:
    """The same group with something that probably does not fit."""
    contradictions: list[dict[str, Any]] = [
        {"required": (frozenset(TRAITS[:1]), frozenset(TRAITS[1:2]))},
        {"member_of": (frozenset(AGGREGATES[:1]), frozenset(AGGREGATES[1:]))},
        {"in_tree": UNKNOWN_UUID},
    ]
    if group.resources:
        contradictions += [{"resources": dict.fromkeys(group.resources, 5)}, {"resources": {CLASSES[-1]: 1}}]
    return st.sampled_from([replace(group, **contradiction) for contradiction in contradictions])


@st.composite
def subtrees(draw: st.DrawFn, groups: Sequence[Group]) -> tuple[frozenset[str], ...]:
    """Which groups must be below one of them; those without resources must be in one such set."""
    suffixes = [group.suffix for group in groups if group.one_provider]
    without_resources = {group.suffix for group in groups if not group.resources}
    if not without_resources and not (len(suffixes) > 1 and draw(chance(40))):
        return ()
    first = without_resources | set(draw(some(suffixes, 1)))
    return (frozenset(first), *([frozenset(draw(some(suffixes, 2)))] if draw(chance(15)) else []))


@st.composite
def provider_queries(draw: st.DrawFn, world: World) -> ProviderQuery:
    """A query that usually matches one given provider."""
    uuid = draw(st.sampled_from(sorted(world.providers)))
    provider = world.providers[uuid]
    names = draw(some(sorted(provider.inventories), 0, 2))
    return ProviderQuery(
        uuid=uuid if draw(chance(5)) else None,
        name=provider.name if draw(chance(5)) else None,
        resources={name: draw(amounts(world, [uuid], name)) for name in names},
        **draw(filters(provider.traits, provider.aggregates, [uuid, world.root(uuid)], 30)),
    )
