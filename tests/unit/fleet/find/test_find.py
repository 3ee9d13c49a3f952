"""Candidates of small fleets: which, in which order, with which summaries."""

from __future__ import annotations

from typing import Any

import pytest

from berth.fleet.find import find as find_module
from berth.fleet.find.budget import Budget
from berth.fleet.find.compile import compile_request
from berth.fleet.find.find import domains_of, find, iter_candidates
from berth.fleet.state.fleet import Fleet
from berth.model.candidate import Candidate
from berth.model.errors import ClassNotFound, Invalid
from berth.model.request import CandidateRequest, Group
from tests.support.fleets import provider, sharing, small_fleet, uuid_of

FAST = "CUSTOM_FAST"
FLAT = (provider("h0", VCPU=4, DISK_GB=1), provider("h1", VCPU=8, traits=[FAST]), provider("h2", VCPU=2, DISK_GB=1))
NESTED = (
    provider("host", VCPU=4),
    provider("gpu0", "host", VGPU=1, traits=[FAST]),
    provider("gpu1", "host", VGPU=1),
    provider("bare", VCPU=4),
)
SHARED = (
    provider("h0", VCPU=4, aggregates=["rack"]),
    provider("h1", VCPU=4, aggregates=["rack"]),
    provider("h2", VCPU=4),
    sharing("pool", "rack", DISK_GB=10),
)
GPUS = (Group(suffix="1", resources={"VGPU": 1}), Group(suffix="2", resources={"VGPU": 1}))


def asking(**amounts: int) -> tuple[Group, ...]:
    return (Group(resources=amounts),)


def in_names(fleet: Fleet, candidate: Candidate) -> dict[str, dict[str, int]]:
    return {fleet.names[fleet.slot_of[uuid]]: amounts for uuid, amounts in candidate.allocations.items()}


CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], list[dict[str, dict[str, int]]]]] = {
    "flat, in the order of slots": (
        FLAT,
        {"groups": asking(VCPU=2)},
        [{"h0": {"VCPU": 2}}, {"h1": {"VCPU": 2}}, {"h2": {"VCPU": 2}}],
    ),
    "two classes of one provider": (FLAT, {"groups": asking(VCPU=3, DISK_GB=1)}, [{"h0": {"VCPU": 3, "DISK_GB": 1}}]),
    "a limit": (FLAT, {"groups": asking(VCPU=1), "limit": 2}, [{"h0": {"VCPU": 1}}, {"h1": {"VCPU": 1}}]),
    "the root's traits": (FLAT, {"groups": asking(VCPU=1), "root_required": frozenset({FAST})}, [{"h1": {"VCPU": 1}}]),
    "in one tree": (
        FLAT,
        {"groups": (Group(resources={"VCPU": 1}, in_tree=uuid_of("h2")),)},
        [{"h2": {"VCPU": 1}}],
    ),
    "groups on one provider": (
        FLAT,
        {"groups": (Group(suffix="1", resources={"VCPU": 3}), Group(suffix="2", resources={"VCPU": 3}))},
        [{"h1": {"VCPU": 6}}],
    ),
    "nowhere": (FLAT, {"groups": asking(VCPU=9)}, []),
    "nested": (
        NESTED,
        {"groups": asking(VCPU=1, VGPU=1)},
        [{"host": {"VCPU": 1}, "gpu0": {"VGPU": 1}}, {"host": {"VCPU": 1}, "gpu1": {"VGPU": 1}}],
    ),
    "nested, with a trait anywhere among the providers": (
        NESTED,
        {"groups": (Group(resources={"VCPU": 1, "VGPU": 1}, required=(frozenset({FAST}),)),)},
        [{"host": {"VCPU": 1}, "gpu0": {"VGPU": 1}}],
    ),
    "isolated, in both ways": (
        NESTED,
        {"groups": GPUS, "isolate": True},
        [{"gpu0": {"VGPU": 1}, "gpu1": {"VGPU": 1}}, {"gpu1": {"VGPU": 1}, "gpu0": {"VGPU": 1}}],
    ),
    "one provider of a tree": (NESTED, {"groups": asking(VCPU=1, VGPU=1), "one_provider_per_tree": True}, []),
    "shared": (
        SHARED,
        {"groups": asking(VCPU=1, DISK_GB=1)},
        [{"h0": {"VCPU": 1}, "pool": {"DISK_GB": 1}}, {"h1": {"VCPU": 1}, "pool": {"DISK_GB": 1}}],
    ),
    "shared only: once, though two trees share it": (SHARED, {"groups": asking(DISK_GB=1)}, [{"pool": {"DISK_GB": 1}}]),
}


@pytest.mark.parametrize("block", [find_module.FIRST_BLOCK, 1], ids=["one block", "slot by slot"])
@pytest.mark.parametrize("case", CASES)
def test_candidates(case: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_module, "FIRST_BLOCK", block)
    monkeypatch.setattr(find_module, "SLOTS_PER_CANDIDATE", 1)
    specs, fields, expected = CASES[case]
    fleet = small_fleet(*specs)
    request = CandidateRequest(**fields)
    found = find(fleet, request)
    assert [in_names(fleet, each) for each in found.candidates] == expected
    assert not found.bounded
    lazily = list(iter_candidates(fleet, request, Budget()))
    assert lazily[: len(expected)] == found.candidates


def test_trees_take_turns() -> None:
    specs = [
        spec for host in "ab" for spec in (provider(host), *(provider(f"{host}{at}", host, VGPU=1) for at in range(2)))
    ]
    fleet = small_fleet(*specs)
    found = find(fleet, CandidateRequest(groups=GPUS[:1])).candidates
    assert [[*in_names(fleet, each)] for each in found] == [["a0"], ["b0"], ["a1"], ["b1"]]


def test_mappings_say_which_provider_serves_which_group() -> None:
    fleet = small_fleet(*NESTED)
    groups = (Group(resources={"VCPU": 1}), *GPUS)
    first = find(fleet, CandidateRequest(groups=groups, isolate=True, limit=1)).candidates[0]
    assert first.mappings == {"": [uuid_of("host")], "1": [uuid_of("gpu0")], "2": [uuid_of("gpu1")]}


@pytest.mark.parametrize(("one_per_tree", "expected"), [(False, ["host", "gpu0", "gpu1"]), (True, ["host"])])
def test_summaries_are_of_whole_trees_unless_one_provider_of_each_is_asked_for(
    one_per_tree: bool, expected: list[str]
) -> None:
    fleet = small_fleet(*NESTED[:3])
    request = CandidateRequest(groups=asking(VCPU=1), limit=1, one_provider_per_tree=one_per_tree)
    assert [fleet.names[fleet.slot_of[uuid]] for uuid in find(fleet, request).summaries] == expected


def test_a_search_that_gives_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_module, "Budget", lambda: Budget(left=0))
    assert find(small_fleet(*NESTED), CandidateRequest(groups=GPUS, isolate=True)).bounded


def test_a_request_without_resources_or_with_unknown_names_is_refused() -> None:
    fleet = small_fleet(*FLAT)
    with pytest.raises(Invalid):
        find(fleet, CandidateRequest(groups=(Group(suffix="1"),)))
    with pytest.raises(ClassNotFound):
        find(fleet, CandidateRequest(groups=asking(NO_SUCH=1)))


def test_domains_are_of_trees_in_which_every_variable_has_a_choice() -> None:
    fleet = small_fleet(*NESTED, *SHARED)
    compiled = compile_request(fleet, CandidateRequest(groups=asking(VCPU=1, VGPU=1)))
    assert list(domains_of(fleet, compiled, [0, 3])) == [[[0], [1, 2]]]
    shared = compile_request(fleet, CandidateRequest(groups=asking(VCPU=1, DISK_GB=1)))
    assert list(domains_of(fleet, shared, [0, 4, 6])) == [[[4], [7]]]
    assert list(domains_of(fleet, shared, [])) == []
