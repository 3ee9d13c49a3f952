"""Groups that each find something: what may keep them apart, and in how many trees they fit together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from berth.fleet.explain import joint
from berth.fleet.explain.joint import TreeCount, count_fitting_trees, obstacles
from berth.fleet.find.budget import Budget
from berth.fleet.find.compile import compile_request
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.fleet import Fleet
from berth.model.request import CandidateRequest, Group
from tests.support.fleets import provider, small_fleet

ONE, TWO = (Group(suffix=str(at), resources={"VGPU": 2}) for at in (1, 2))
OTHER = Group(suffix="3", resources={"VCPU": 1})
TRAIT = (frozenset({"CUSTOM_A"}),)
SPECS = (
    provider("flat", VGPU=4, VCPU=1),
    provider("small", VGPU=2),
    provider("host", VCPU=1, traits=["CUSTOM_A"]),
    provider("gpu0", "host", VGPU=2),
    provider("gpu1", "host", VGPU=2),
)


@pytest.fixture
def fleet() -> Fleet:
    return small_fleet(*SPECS)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"groups": (ONE, OTHER)}, []),
        ({"groups": (ONE,), "isolate": True}, []),
        ({"groups": (ONE, OTHER), "isolate": True}, ["isolate"]),
        ({"groups": (ONE, TWO)}, ["amounts"]),
        ({"groups": (ONE, OTHER), "same_subtrees": (frozenset({"1", "3"}),)}, ["same_subtree"]),
        ({"groups": (ONE, OTHER), "same_subtrees": (frozenset({"1"}),)}, []),
        ({"groups": (Group(resources={"VCPU": 1}, required=TRAIT),)}, ["traits"]),
        ({"groups": (OTHER,), "one_provider_per_tree": True}, ["one_per_tree"]),
        (
            {"groups": (ONE, TWO), "isolate": True, "one_provider_per_tree": True},
            ["isolate", "amounts", "one_per_tree"],
        ),
    ],
)
def test_obstacles(fleet: Fleet, fields: dict[str, Any], expected: list[str]) -> None:
    request = CandidateRequest(**fields)
    compiled = compile_request(fleet, request)
    found = obstacles(compiled, [", ".join(sorted(each)) for each in request.same_subtrees])
    assert [each.kind.value for each in found] == expected
    for at, each in enumerate(found):
        left = [other.kind for other in obstacles(each.dropped, ["" for _ in each.dropped.subtrees])]
        assert left == [other.kind for other in found[:at] + found[at + 1 :]]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"groups": (ONE,)}, 3, id="nothing to get into each other's way"),
        pytest.param({"groups": (ONE, TWO)}, 2, id="the amounts in all"),
        pytest.param({"groups": (ONE, TWO), "isolate": True}, 1, id="isolated"),
        pytest.param({"groups": (ONE, TWO), "one_provider_per_tree": True}, 1, id="all of one provider"),
    ],
)
def test_in_how_many_trees_all_groups_fit(fleet: Fleet, fields: dict[str, Any], expected: int) -> None:
    whole = WholeFleet(fleet)
    compiled = compile_request(fleet, CandidateRequest(**fields))
    assert count_fitting_trees(whole, compiled, whole.roots, Budget()) == TreeCount(expected, bounded=False)


def test_a_count_that_ends_early_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [
        spec
        for host in "abcd"
        for spec in (provider(host), *(provider(f"{host}{at}", host, VGPU=2) for at in range(2)))
    ]
    fleet = small_fleet(*hosts)
    whole = WholeFleet(fleet)
    compiled = compile_request(fleet, CandidateRequest(groups=(ONE, TWO), isolate=True))
    monkeypatch.setattr(joint, "MAX_SEARCHED", 3)
    monkeypatch.setattr(joint, "MAX_HYPOTHETICAL", 2)
    assert count_fitting_trees(whole, compiled, whole.roots, Budget()) == TreeCount(3, bounded=True)
    assert count_fitting_trees(whole, compiled, whole.roots, Budget(), hypothetical=True) == TreeCount(2, bounded=True)
    assert count_fitting_trees(whole, compiled, whole.roots, Budget(left=0)) == TreeCount(0, bounded=True)
    assert count_fitting_trees(whole, compiled, np.zeros_like(whole.roots), Budget()) == TreeCount(0, bounded=False)
