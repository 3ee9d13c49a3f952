"""The search within one tree: which choices it finds, in which order, and when it gives up."""

from __future__ import annotations

from typing import Any

import pytest

from berth.fleet.find import search
from berth.fleet.find.budget import LOOKS_PER_STEP, PROVIDERS_PER_STEP, Budget
from berth.fleet.find.compile import compile_request
from berth.fleet.find.search import Domains, can_be_distinct, solutions
from berth.fleet.state.fleet import Fleet
from berth.model.request import CandidateRequest, Group
from tests.support.fleets import provider, small_fleet

FAST, SLOW = "CUSTOM_FAST", "CUSTOM_SLOW"
HOST, NUMA0, GPU0, NUMA1, GPU1 = range(5)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return small_fleet(
        provider("host", VCPU=8),
        provider("numa0", "host", VCPU=4, traits=[FAST]),
        provider("gpu0", "numa0", VGPU=2, traits=[FAST]),
        provider("numa1", "host", VCPU=4, traits=[SLOW]),
        provider("gpu1", "numa1", VGPU=2, traits=[SLOW]),
    )


def one(suffix: str, **amounts: int) -> Group:
    return Group(suffix=suffix, resources=amounts)


CPU, GPU, OTHER_GPU = one("1", VCPU=1), one("2", VGPU=1), one("3", VGPU=1)
BIG_GPU, OTHER_CPU = one("4", VGPU=2), one("5", VCPU=1)
BOTH = (frozenset({"1", "2"}),)
CPUS, GPUS = [HOST, NUMA0, NUMA1], [GPU0, GPU1]

CASES: dict[str, tuple[dict[str, Any], Domains, list[tuple[int, ...]]]] = {
    "independent: the product, few choices change last": (
        {"groups": (CPU, GPU)},
        [CPUS, GPUS],
        [(HOST, GPU0), (NUMA0, GPU0), (NUMA1, GPU0), (HOST, GPU1), (NUMA0, GPU1), (NUMA1, GPU1)],
    ),
    "isolated": ({"groups": (GPU, OTHER_GPU), "isolate": True}, [GPUS, GPUS], [(GPU0, GPU1), (GPU1, GPU0)]),
    "isolated, with one choice": ({"groups": (GPU, OTHER_GPU), "isolate": True}, [[GPU0], [GPU0]], []),
    "one class twice": (
        {"groups": (GPU, OTHER_GPU)},
        [GPUS, GPUS],
        [(GPU0, GPU0), (GPU0, GPU1), (GPU1, GPU0), (GPU1, GPU1)],
    ),
    "one class twice, with room for one": ({"groups": (GPU, BIG_GPU)}, [GPUS, GPUS], [(GPU0, GPU1), (GPU1, GPU0)]),
    "below one of them": ({"groups": (CPU, GPU), "same_subtrees": BOTH}, [[NUMA0, NUMA1], GPUS], [(1, 2), (3, 4)]),
    "below the host": ({"groups": (CPU, GPU), "same_subtrees": BOTH}, [[HOST], GPUS], [(HOST, GPU0), (HOST, GPU1)]),
    "either may be above": (
        {"groups": (CPU, OTHER_CPU), "same_subtrees": (frozenset({"1", "5"}),)},
        [[HOST, NUMA0], [HOST, NUMA0]],
        [(HOST, HOST), (HOST, NUMA0), (NUMA0, HOST), (NUMA0, NUMA0)],
    ),
    "neither is above the other": ({"groups": (CPU, GPU), "same_subtrees": BOTH}, [[NUMA0], [GPU1]], []),
    "traits met together": (
        {"groups": (Group(resources={"VCPU": 1, "VGPU": 1}, required=(frozenset({FAST}), frozenset({SLOW}))),)},
        [[NUMA0, NUMA1], GPUS],
        [(NUMA0, GPU1), (NUMA1, GPU0)],
    ),
    "one provider of a tree": (
        {"groups": (Group(resources={"VCPU": 1, "VGPU": 1}),), "one_provider_per_tree": True},
        [[NUMA0, GPU0], [GPU0]],
        [(GPU0, GPU0)],
    ),
}


@pytest.mark.parametrize("memory", [search.STEPS_BEFORE_MEMORY, -1], ids=["as shipped", "remembering at once"])
@pytest.mark.parametrize("case", CASES)
def test_every_way_to_choose(fleet: Fleet, case: str, memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "STEPS_BEFORE_MEMORY", memory)
    fields, domains, expected = CASES[case]
    budget = Budget()
    found = list(solutions(fleet, compile_request(fleet, CandidateRequest(**fields)), domains, budget))
    assert sorted(found) == sorted(expected)
    assert len(found) == len(set(found))
    assert not budget.exceeded


def test_solutions_come_lazily(fleet: Fleet) -> None:
    compiled = compile_request(fleet, CandidateRequest(groups=(CPU, GPU)))
    endless = [list(range(3))] * 2
    assert next(solutions(fleet, compiled, endless, Budget())) == (0, 0)


def test_a_search_without_a_step_left_ends(fleet: Fleet) -> None:
    compiled = compile_request(fleet, CandidateRequest(groups=(GPU, OTHER_GPU), isolate=True))
    budget = Budget(left=0)
    assert list(solutions(fleet, compiled, [GPUS, GPUS], budget)) == []
    assert budget.exceeded


@pytest.mark.parametrize(
    ("amounts", "slots"),
    [pytest.param([2, 2, 2], GPUS, id="pieces of one size"), pytest.param([2, 1], [GPU0], id="the sum")],
)
def test_too_little_in_all_is_seen_after_one_step(fleet: Fleet, amounts: list[int], slots: list[int]) -> None:
    groups = tuple(one(str(at), VGPU=amount) for at, amount in enumerate(amounts))
    budget = Budget()
    compiled = compile_request(fleet, CandidateRequest(groups=groups))
    assert list(solutions(fleet, compiled, [slots] * len(groups), budget)) == []
    assert budget.steps - budget.left == 1


def test_a_budget_counts_steps_looks_and_solutions() -> None:
    budget = Budget(steps=10, left=10, total_left=100)
    assert budget.take_step()
    budget.count_looks(LOOKS_PER_STEP - 1)
    assert budget.left == 9
    budget.count_looks(3 * LOOKS_PER_STEP)
    assert budget.left == 6
    budget.count_solution(2 * PROVIDERS_PER_STEP)
    assert (budget.left, budget.total_left, budget.exceeded) == (10, 93, False)


@pytest.mark.parametrize("budget", [Budget(left=0), Budget(total_left=0)], ids=["since the last solution", "in all"])
def test_either_bound_ends_a_search(budget: Budget) -> None:
    assert not budget.take_step()
    assert budget.exceeded


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        ([], True),
        ([[1]], True),
        ([[]], False),
        ([[1], [1]], False),
        ([[1, 2], [1]], True),
        ([[1, 2], [1, 2], [1, 2]], False),
        ([[1, 2], [2, 3], [1, 3]], True),
        ([[1, 2, 3], [1, 2], [1], [4]], True),
        ([[1, 2, 3], [1, 2], [1], [2]], False),
    ],
)
def test_whether_all_can_be_different(domains: Domains, expected: bool) -> None:
    assert can_be_distinct(domains) is expected
