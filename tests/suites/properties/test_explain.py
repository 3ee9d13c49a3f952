"""Every number of a funnel, against brute force."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from berth.fleet.explain.explain import explain
from berth.fleet.find.find import find
from berth.fleet.state.fleet import Fleet
from berth.model.funnel import Constraint, Counted, Funnel, FunnelStep
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.suites.properties.fleets import fleet_of
from tests.suites.properties.name_pools import AGGREGATES, PROVIDERS, TRAITS, UNKNOWN_UUID
from tests.suites.properties.requests import any_of, candidate_requests
from tests.suites.properties.test_find import WorldWithRequests, world_with_requests
from tests.suites.properties.worlds import chance, some, worlds
from tests.support.oracle import funnel as oracle
from tests.support.oracle.world import Provider, World


@st.composite
def world_with_hard_requests(draw: st.DrawFn) -> WorldWithRequests:
    """Questions of which many have no answer."""
    world, drawn = draw(world_with_requests())
    hardened = []
    for ask in drawn:
        groups = list(ask.groups)
        at = draw(st.integers(0, len(groups) - 1))
        if draw(chance(50)):
            more = draw(st.integers(1, 4))
            resources = {name: amount + more for name, amount in groups[at].resources.items()}
            groups[at] = replace(groups[at], resources=resources)
        elif draw(chance(50)):
            trait = frozenset((draw(st.sampled_from(TRAITS)),))
            groups[at] = replace(groups[at], required=(*groups[at].required, trait))
        hardened.append(replace(ask, groups=tuple(groups)))
    return world, hardened


@given(world_with_hard_requests())
def test_every_number_is_that_of_brute_force(asked: WorldWithRequests) -> None:
    world, fleet = asked[0], fleet_of(asked[0])
    for ask in asked[1]:
        funnel = explain(fleet, ask)
        event("fits", bool(funnel.together.left))
        event("each group finds something, but not together", funnel.trees.with_all_groups > funnel.together.left)
        assert_groups(world, ask, funnel)
        assert_trees(world, ask, funnel)
        assert_true_sentence(world, ask, funnel)
        assert not funnel.together.bounded
        assert funnel.together.left == oracle.fitting(world, ask)
        assert bool(funnel.together.left) == bool(find(fleet, replace(ask, limit=1)).candidates)


def assert_groups(world: World, ask: CandidateRequest, funnel: Funnel) -> None:
    for group, told in zip(ask.groups, funnel.groups, strict=True):
        total = len(world.providers) if group.one_provider else len(world.roots())
        assert (told.suffix, told.total) == (group.suffix, total)
        assert told.counted is (Counted.PROVIDERS if group.one_provider else Counted.TREES)
        expected = oracle.steps(world, group)
        assert [step.left for step in told.steps] == expected.left
        for step, key in zip(told.steps, expected.keys, strict=True):
            assert (step.kind, step.amount, step.without) == (key[0], key[2], oracle.trees(world, ask, key))
        assert told.left == (expected.left[-1] if expected.left else total)
        assert_removed(told.total, told.steps)


def assert_trees(world: World, ask: CandidateRequest, funnel: Funnel) -> None:
    assert funnel.trees.total == len(world.roots())
    assert funnel.trees.with_all_groups == oracle.trees(world, ask)
    assert_removed(funnel.trees.total, funnel.trees.steps)
    for step in funnel.trees.steps:
        if step.kind is not Constraint.GROUP:
            assert step.without == oracle.trees(world, ask, (step.kind, (step.name,), 0))


def assert_removed(total: int, steps: list[FunnelStep]) -> None:
    lefts = [total, *(step.left for step in steps)]
    assert [step.removed for step in steps] == [before - after for before, after in pairwise(lefts)]
    assert lefts == sorted(lefts, reverse=True)


@given(st.data())
def test_a_hindrance_is_one(data: st.DataObject) -> None:
    world = data.draw(worlds())
    ask: CandidateRequest = data.draw(candidate_requests(world))
    together = explain(fleet_of(world), ask).together
    for each in together.hindrances:
        event(f"{each.kind}: {'fits' if each.without is None else 'to blame' if each.without else 'not alone'}")
        assert (each.without is None) == bool(together.left)
        if each.kind is Constraint.ISOLATE and each.without is not None:
            assert each.without == oracle.fitting(world, replace(ask, isolate=False))
        if each.kind is Constraint.ONE_PER_TREE and each.without is not None:
            assert each.without == oracle.fitting(world, replace(ask, one_provider_per_tree=False))


ONLY_A_CLASS = re.compile(r"^(?:For [^,]+, )?[Nn]o provider(?: that meets all other constraints)? has ([A-Z_0-9]+)[.;]")
OF_THE_ROOT = re.compile(
    r"has (?:the trait|one of the traits) ([^(]+) \(host (\S+) itself has (this trait|\S+): require it"
)
POOL = re.compile(r"\((\S+) is in it, but (\S+), which shares resources with it, is not\)")


@st.composite
def world_with_misplaced_requests(draw: st.DrawFn) -> WorldWithRequests:
    """Requests for what only a root has of a provider below it, or of one that shares with it."""
    world, asked = draw(worlds()), list[CandidateRequest]()
    for root in world.roots():
        own, traits = world.providers[root].aggregates, sorted(world.providers[root].traits)
        for uuid in sorted(world.usable(root) - {root}):
            names = draw(some(sorted(world.providers[uuid].inventories), 1, 2))
            fields: dict[str, Any] = {"suffix": draw(st.sampled_from(("", "_A")))}
            if traits and draw(chance(50)):
                fields["required"] = (draw(any_of(draw(st.sampled_from(traits)), TRAITS)),)
            elif own:
                fields["member_of"] = (draw(any_of(draw(st.sampled_from(sorted(own))), AGGREGATES)),)
            if names:
                asked.append(CandidateRequest(groups=(Group(resources=dict.fromkeys(names, 1), **fields),)))
    return world, asked


def assert_true_sentence(world: World, ask: CandidateRequest, funnel: Funnel) -> None:
    """Neither is the only class blamed where something else is to blame, nor does a hint lead nowhere."""
    classes = {name for group in ask.groups for name in group.resources}
    steps = [step for group in funnel.groups for step in group.steps] + funnel.trees.steps
    if ONLY_A_CLASS.match(funnel.why) and len(classes) == 1:
        event("the only class")
        helpful = (step for step in steps if step.kind not in (Constraint.CLASS, Constraint.GROUP) and step.without)
        assert not any(helpful), funnel.why
    if hint := OF_THE_ROOT.search(funnel.why):
        event("a trait of the root")
        assert_root_has_it(world, ask, hint)
    if hint := POOL.search(funnel.why):
        event("a pool outside")
        assert_pool_would_do(world, ask, hint)


@given(world_with_misplaced_requests())
def test_a_sentence_about_what_only_the_root_has_is_true(asked: WorldWithRequests) -> None:
    fleet = fleet_of(asked[0])
    for ask in asked[1]:
        assert_true_sentence(asked[0], ask, explain(fleet, ask))


def assert_root_has_it(world: World, ask: CandidateRequest, hint: re.Match[str]) -> None:
    """Follow the hint: the trait is required of the root and of no provider."""
    names = frozenset(hint[1].split(", "))
    trait = min(names) if hint[3] == "this trait" else hint[3]
    (root,) = (uuid for uuid, provider in world.providers.items() if provider.name == hint[2])
    assert root in world.roots()
    assert trait in world.providers[root].traits
    groups = [replace(group, required=tuple(each for each in group.required if each != names)) for group in ask.groups]
    assert oracle.fitting(world, replace(ask, groups=tuple(groups), root_required=ask.root_required | {trait}))


def assert_pool_would_do(world: World, ask: CandidateRequest, hint: re.Match[str]) -> None:
    """Follow the hint: the pool joins an aggregate of the root that is asked for."""
    by_name = {provider.name: provider for provider in world.providers.values()}
    root, pool = by_name[hint[1]], by_name[hint[2]]
    wanted = {uuid for group in ask.groups for uuids in group.member_of for uuid in uuids}
    before = set(pool.aggregates)
    try:
        for aggregate in sorted(wanted & root.aggregates - before):
            pool.aggregates = before | {aggregate}
            if oracle.fitting(world, ask):
                return
    finally:
        pool.aggregates = before
    raise AssertionError(f"the hint leads nowhere: {hint[0]}")


def world_of(*hosts: Provider) -> World:
    return World(providers=dict(zip(PROVIDERS, hosts, strict=False)))


def cpus(total: int, name: str = "", **rest: object) -> Provider:
    return Provider(name or f"host-{total}", None, inventories={"VCPU": Inventory(total)}, **rest)  # type: ignore[arg-type]


def fleet(*hosts: Provider) -> Fleet:
    return fleet_of(world_of(*hosts))


def asking(amount: int, **rest: object) -> CandidateRequest:
    return CandidateRequest(groups=(Group(resources={"VCPU": amount}, **rest),))  # type: ignore[arg-type]


FAST = frozenset(TRAITS[:1])
GPU = Provider("gpu", PROVIDERS[0], inventories={"VGPU": Inventory(4)})
TWO = (Group(suffix="1", resources={"VGPU": 1}), Group(suffix="2", resources={"VGPU": 1}))
BIG = (Group(suffix="1", resources={"VGPU": 3}), Group(suffix="2", resources={"VGPU": 3}))
WHY = {
    "empty": (fleet(), asking(1), "There are no providers."),
    "fits": (fleet(cpus(4), cpus(8)), asking(5), "The request fits in 1 of 2 hosts."),
    "room": (
        fleet(cpus(4), cpus(8)),
        asking(9),
        "No provider has 9 VCPU free: the largest possible claim is 8. "
        "Without this constraint, 2 of 2 hosts would fit.",
    ),
    "room, where all else is right": (
        fleet(cpus(4, traits={*FAST}), cpus(4, traits={*FAST}), cpus(8)),
        asking(6, required=(FAST,)),
        "No provider that meets all other constraints has 6 VCPU free: the largest possible claim is 4. "
        "Without this constraint, 2 of 3 hosts would fit.",
    ),
    "of equals, what removed the last": (
        fleet(cpus(4, traits={*FAST}), cpus(8)),
        asking(6, required=(FAST,)),
        "No provider that meets all other constraints has the trait HW_CPU_X86_AVX. "
        "Without this constraint, 1 of 2 hosts would fit.",
    ),
    "units": (
        fleet(Provider("host", None, inventories={"VCPU": Inventory(64, max_unit=16, step_size=4)})),
        asking(18),
        "No provider allows 18 VCPU per claim (min/max/step): the nearest possible claim is 16. "
        "Without this constraint, 1 of 1 host would fit.",
    ),
    "a trait": (
        fleet(cpus(4), cpus(8)),
        asking(1, required=(FAST,)),
        f"No provider that meets all other constraints has the trait {TRAITS[0]}. "
        "Without this constraint, 2 of 2 hosts would fit.",
    ),
    "a forbidden trait": (
        fleet(cpus(4, traits={*FAST})),
        asking(1, forbidden=FAST),
        f"Every provider that meets all other constraints has the trait {TRAITS[0]}. "
        "Without this constraint, 1 of 1 host would fit.",
    ),
    "an aggregate": (
        fleet(cpus(4)),
        asking(1, member_of=(frozenset(AGGREGATES[:1]),)),
        f"No provider that meets all other constraints is in the aggregate {AGGREGATES[0]}. "
        "Without this constraint, 1 of 1 host would fit.",
    ),
    "a tree that does not exist": (
        fleet(cpus(4)),
        asking(1, in_tree=UNKNOWN_UUID),
        f"No provider that meets all other constraints is part of {UNKNOWN_UUID}, which does not exist. "
        "Without this constraint, 1 of 1 host would fit.",
    ),
    "a root": (
        fleet(cpus(4)),
        replace(asking(1), root_required=FAST),
        f"No host that meets all other constraints itself has the trait {TRAITS[0]}. "
        "Without this constraint, 1 of 1 host would fit.",
    ),
    "two things": (
        fleet(cpus(4)),
        asking(9, required=(FAST,)),
        "For the main request, none of the remaining hosts (1) has 9 VCPU free. "
        "Dropping this constraint alone would not help.",
    ),
    "isolated": (
        fleet(cpus(4), GPU),
        CandidateRequest(groups=TWO, isolate=True),
        "No host gives each of the 2 groups its own provider (group_policy: isolate). "
        "Without this constraint, the request would fit in 1 host.",
    ),
    "in all": (
        fleet(cpus(4), GPU),
        CandidateRequest(groups=BIG),
        "No host has enough free for all groups together. Without this constraint, the request would fit in 1 host.",
    ),
}


@pytest.mark.parametrize("case", WHY)
def test_why_in_one_sentence(case: str) -> None:
    asked, request, why = WHY[case]
    assert explain(asked, request).why == why


def test_a_name_that_does_not_exist_is_told_with_the_nearest() -> None:
    request = CandidateRequest(groups=(Group(resources={"VCPUS": 1}, required=(frozenset(("HW_CPU_X86_AXV",)),)),))
    funnel = explain(fleet(cpus(4)), request)
    assert [(each.kind, each.name, each.nearest[0]) for each in funnel.unknown] == [
        (Constraint.UNKNOWN_CLASS, "VCPUS", "VCPU"),
        (Constraint.UNKNOWN_TRAIT, "HW_CPU_X86_AXV", "HW_CPU_X86_AVX"),
    ]
    assert funnel.why.startswith("There is no resource class VCPUS (did you mean VCPU")
    assert funnel.together.left == 0
