"""Sentences that say what to change: never the only thing that is asked for, and a hint where there is one."""

from __future__ import annotations

from typing import Any

import pytest

from berth.fleet.explain.explain import explain
from berth.model.request import CandidateRequest, Group
from tests.support.fleets import provider, sharing, small_fleet

FLEET = small_fleet(
    provider("h", traits=["CUSTOM_D"], aggregates=["zone", "rack"]),
    provider("numa", "h", PCPU=8),
    provider("host", VCPU=4, aggregates=["other"]),
    sharing("pool", "rack", DISK_GB=1000),
    classes=["VGPU"],
)
IN_ZONE = {"member_of": (frozenset({"zone"}),)}


@pytest.mark.parametrize(
    ("resources", "fields", "why"),
    [
        (
            {"PCPU": 1},
            {"required": (frozenset({"CUSTOM_D"}),), "suffix": "_A"},
            "No provider that meets all other constraints has the trait CUSTOM_D "
            "(host h itself has this trait: require it with --root-trait). "
            "Without this constraint, 1 of 3 hosts would fit.",
        ),
        (
            {"VCPU": 1},
            IN_ZONE,
            "No provider that meets all other constraints is in the aggregate zone. "
            "Without this constraint, 1 of 3 hosts would fit.",
        ),
        (
            {"DISK_GB": 1},
            IN_ZONE,
            "No provider that meets all other constraints is in the aggregate zone "
            "(h is in it, but pool, which shares resources with it, is not). "
            "Without this constraint, 2 of 3 hosts would fit.",
        ),
        ({"VGPU": 1}, {}, "No provider has VGPU."),
        (
            {"VCPU": 9},
            {},
            "No provider has 9 VCPU free: the largest possible claim is 4. "
            "Without this constraint, 1 of 3 hosts would fit.",
        ),
    ],
)
def test_the_sentence(resources: dict[str, int], fields: dict[str, Any], why: str) -> None:
    assert explain(FLEET, CandidateRequest(groups=(Group(resources=resources, **fields),))).why == why


def hint_of(request: CandidateRequest, *, pools: bool = False) -> str:
    """Return the hint in the sentence on a fleet where what seems to help does not always do so; "" if none."""
    fleet = small_fleet(
        provider("h", traits=["CUSTOM_D", "CUSTOM_E"], aggregates=["zone", "rack"]),
        provider("numa", "h", PCPU=8),
        provider("other", traits=["CUSTOM_A"]),
        *((sharing("addresses", "rack", IPV4_ADDRESS=9), sharing("disks", "rack", DISK_GB=9)) if pools else ()),
    )
    _, opened, hint = explain(fleet, request).why.partition("(")
    return hint.partition(")")[0] if opened else ""


def test_the_pool_is_the_one_that_has_the_class() -> None:
    request = CandidateRequest(groups=(Group(resources={"DISK_GB": 1}, **IN_ZONE),))
    assert hint_of(request, pools=True) == "h is in it, but disks, which shares resources with it, is not"


def test_a_pool_that_would_not_be_enough_is_not_named() -> None:
    both = Group(resources={"DISK_GB": 1, "IPV4_ADDRESS": 1}, **IN_ZONE)
    assert hint_of(CandidateRequest(groups=(both,)), pools=True) == ""


def test_of_several_traits_the_one_of_the_root_is_named() -> None:
    either = Group(resources={"PCPU": 1}, required=(frozenset({"CUSTOM_A", "CUSTOM_E"}),), suffix="_A")
    assert hint_of(CandidateRequest(groups=(either,))).startswith("host h itself has CUSTOM_E: require it with")


@pytest.mark.parametrize(("isolate", "hinted"), [(False, True), (True, False)])
def test_a_hint_that_would_not_lead_to_candidates_is_not_given(isolate: bool, hinted: bool) -> None:
    fields: dict[str, Any] = {"resources": {"PCPU": 1}, "required": (frozenset({"CUSTOM_D"}),)}
    groups = (Group(suffix="_A", **fields), Group(suffix="_B", **fields))
    assert bool(hint_of(CandidateRequest(groups=groups, isolate=isolate))) == hinted
