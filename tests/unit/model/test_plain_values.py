"""Plain dictionaries in place of requests and inventories: what they mean, and what is said about a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from berth.model.errors import Invalid
from berth.model.inventory import Inventory
from berth.model.plain_values import as_inventories, as_request
from berth.model.request import CandidateRequest, Group, ProviderQuery


def test_amounts_are_a_request() -> None:
    request = CandidateRequest(groups=(Group(resources={"VCPU": 4, "MEMORY_MB": 512}),))
    assert as_request({"VCPU": 4, "MEMORY_MB": 512}) == request
    assert as_request(request) is request


@pytest.mark.parametrize(
    ("given", "at", "words"),
    [
        (None, "", "not NoneType None"),
        ("VCPU:4", "", "not str 'VCPU:4'"),
        ({"VCPU": "4"}, "/VCPU", "an amount is an int, not str '4'"),
        ({"VCPU": True}, "/VCPU", "an amount is an int, not bool True"),
        ({"A/B": 4.5}, "/A~1B", "an amount is an int, not float 4.5"),
        ({"groups": [{"resources": {}}]}, "/groups", "Give a CandidateRequest, or amounts"),
        ({1: 4}, "", "1 is not the name of a class"),
    ],
)
def test_what_is_no_request(given: Any, at: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        as_request(given)
    assert caught.value.at == at
    assert words in str(caught.value)


def test_fields_are_an_inventory() -> None:
    given = {"VCPU": {"total": 4, "allocation_ratio": 2}, "PGPU": Inventory(1)}
    assert as_inventories(given) == {"VCPU": Inventory(4, allocation_ratio=2), "PGPU": Inventory(1)}


@pytest.mark.parametrize(
    ("given", "at", "words"),
    [
        ([("VCPU", 4)], "/inventories", "Give inventories by resource class"),
        ({"VCPU": 4}, "/inventories/VCPU", "Give an Inventory or its fields"),
        ({"VCPU": {"totl": 4}}, "/inventories/VCPU/totl", "an inventory has no 'totl': do you mean 'total'?"),
        ({"VCPU": {"total": 4, "x": 1}}, "/inventories/VCPU/x", "its fields are total, reserved"),
        ({"VCPU": {"total": 4.0}}, "/inventories/VCPU/total", "total is an int, not float 4.0"),
        ({"VCPU": {"total": True}}, "/inventories/VCPU/total", "total is an int, not bool True"),
        ({"VCPU": {"total": 4, "allocation_ratio": "2"}}, "/inventories/VCPU/allocation_ratio", "is a number"),
        ({"VCPU": {"reserved": 4}}, "/inventories/VCPU/total", "needs a total"),
    ],
)
def test_what_is_no_inventory(given: Any, at: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        as_inventories(given)
    assert caught.value.at == at
    assert words in str(caught.value)


BOTH = (frozenset({"X"}), frozenset({"Y"}))
SETS: tuple[tuple[Any, tuple[frozenset[str], ...]], ...] = (
    (["X", "Y"], BOTH),
    (("X", "Y"), BOTH),
    ({"X", "Y"}, BOTH),
    (frozenset({"X", "Y"}), BOTH),
    (BOTH, BOTH),
    (["X", frozenset({"Y"})], BOTH),
    ((frozenset({"X", "Y"}),), (frozenset({"X", "Y"}),)),
    ((), ()),
)


@pytest.mark.parametrize(("given", "sets"), SETS)
@pytest.mark.parametrize("kind", [Group, ProviderQuery])
def test_names_alone_are_sets_of_one(kind: type[Group | ProviderQuery], given: Any, sets: object) -> None:
    assert kind(required=given).required == sets
    assert kind(member_of=given).member_of == sets


@pytest.mark.parametrize("field", ["required", "member_of"])
def test_a_text_is_no_list_of_names(field: str) -> None:
    given: Any = {field: "HW_CPU_X86_AVX2"}
    with pytest.raises(Invalid, match=f"{field} is a list of names: give .'HW_CPU_X86_AVX2'.") as caught:
        Group(**given)
    assert caught.value.at == f"/{field}"
