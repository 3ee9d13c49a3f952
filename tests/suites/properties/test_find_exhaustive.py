"""Candidates in every world of three providers of a few kinds: exhaustive where Hypothesis samples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice, product

from berth.fleet.find.find import find
from berth.model.inventory import Inventory
from berth.model.names import SHARES_VIA_AGGREGATE
from berth.model.request import CandidateRequest, Group
from tests.suites.properties.fleets import fleet_of
from tests.suites.properties.name_pools import AGGREGATES, PROVIDERS, TRAITS
from tests.support.oracle import candidates as oracle
from tests.support.oracle.world import Provider, World

FORESTS: tuple[tuple[int | None, ...], ...] = (
    (None, None, None),
    (None, 0, None),
    (None, None, 1),
    (None, 0, 0),
    (None, 0, 1),
)
"""For each of three providers, which of those before it is its parent."""

HERE, THERE, NOT_HERE = AGGREGATES[0], AGGREGATES[1], AGGREGATES[2]
FAST, SLOW = TRAITS[:2]
KINDS = (
    Provider(""),
    Provider("", inventories={"VCPU": Inventory(1)}, aggregates={HERE}),
    Provider("", inventories={"VCPU": Inventory(2)}, traits={FAST}),
    Provider("", inventories={"VCPU": Inventory(3, max_unit=2), "DISK_GB": Inventory(1)}, aggregates={HERE}),
    Provider("", inventories={"DISK_GB": Inventory(2)}, traits={SHARES_VIA_AGGREGATE}, aggregates={HERE}),
    Provider("", inventories={"VCPU": Inventory(2)}, traits={SHARES_VIA_AGGREGATE, SLOW}, aggregates={HERE, THERE}),
    Provider("", inventories={"DISK_GB": Inventory(1)}, traits={SLOW}, aggregates={THERE}),
)
STRIDE = 1 if os.environ.get("BERTH_TEST_HYPOTHESIS") == "deep" else 7
"""Every STRIDE-th world is tested."""


def group(suffix: str = "", cpus: int = 0, disk: int = 0, **rest: object) -> Group:
    """A group of these amounts; those of nothing are left out."""
    amounts = {"VCPU": cpus, "DISK_GB": disk}
    return Group(suffix=suffix, resources={name: amount for name, amount in amounts.items() if amount}, **rest)  # type: ignore[arg-type]


def one_of(*names: str) -> tuple[frozenset[str], ...]:
    return (frozenset(names),)


ONE, TWO, ANY = group("1", cpus=1), group("2", cpus=1), group(cpus=1, disk=1)
BOTH = (frozenset({"1", "2"}),)
REQUESTS = {
    "spread": CandidateRequest(groups=(group(cpus=2, disk=1),)),
    "spread, with a trait of any": CandidateRequest(groups=(group(cpus=1, disk=1, required=one_of(FAST, SLOW)),)),
    "spread, with two traits": CandidateRequest(
        groups=(group(cpus=1, disk=1, required=(*one_of(FAST), *one_of(SLOW))),)
    ),
    "spread, without a trait": CandidateRequest(groups=(group(cpus=1, disk=1, forbidden=frozenset({SLOW})),)),
    "spread, member": CandidateRequest(groups=(group(cpus=1, disk=1, member_of=one_of(HERE)),)),
    "spread, member of both": CandidateRequest(
        groups=(group(disk=1, member_of=(*one_of(HERE), *one_of(THERE, NOT_HERE))),)
    ),
    "spread, no member": CandidateRequest(groups=(group(cpus=1, disk=1, not_member_of=frozenset({THERE})),)),
    "spread, in a tree": CandidateRequest(groups=(group(cpus=1, disk=1, in_tree=PROVIDERS[1]),)),
    "spread, once a tree": CandidateRequest(groups=(ANY,), one_provider_per_tree=True),
    "one": CandidateRequest(groups=(group("1", cpus=1, disk=1),)),
    "one, in a tree": CandidateRequest(groups=(ANY, group("1", disk=1, in_tree=PROVIDERS[2]))),
    "two": CandidateRequest(groups=(ONE, TWO)),
    "two apart": CandidateRequest(groups=(ONE, TWO), isolate=True),
    "two apart, and more": CandidateRequest(groups=(ONE, group(cpus=1), TWO), isolate=True),
    "two under one": CandidateRequest(groups=(ONE, TWO), same_subtrees=BOTH),
    "two apart under one, and more": CandidateRequest(groups=(ONE, TWO, ANY), isolate=True, same_subtrees=BOTH),
    "one under one that is only like something": CandidateRequest(
        groups=(ONE, Group(suffix="2", required=one_of(FAST, SLOW)), group(disk=1)), same_subtrees=BOTH
    ),
    "one under one that is only not like something": CandidateRequest(
        groups=(ONE, Group(suffix="2", forbidden=frozenset({SLOW}))), isolate=True, same_subtrees=BOTH
    ),
    "a root like something": CandidateRequest(groups=(ANY,), root_required=frozenset({FAST})),
    "a root not like something": CandidateRequest(groups=(ONE, ANY), root_forbidden=frozenset({SLOW})),
}


def small_worlds() -> Iterator[World]:
    for parents, kinds in product(FORESTS, product(KINDS, repeat=3)):
        world = World()
        for uuid, parent, kind in zip(PROVIDERS, parents, kinds, strict=False):
            above = None if parent is None else PROVIDERS[parent]
            world.providers[uuid] = Provider(uuid, above, 0, kind.inventories, kind.traits, kind.aggregates)
        yield world


def test_finds_all_there_is_in_every_small_world() -> None:
    answered = dict.fromkeys(REQUESTS, 0)
    for world in islice(small_worlds(), 0, None, STRIDE):
        fleet = fleet_of(world)
        for name, ask in REQUESTS.items():
            expected = oracle.find(world, ask)
            found = [oracle.found(candidate) for candidate in find(fleet, ask).candidates]
            assert len(found) == len(set(found)), (name, world)
            assert set(found) == expected, (name, world)
            answered[name] += bool(expected)
    assert min(answered.values()) > 0, answered
