"""A sequence is shrunk to what is needed, and the brute force follows the documents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.suites.peer import truth
from tests.suites.peer.play import plain_get
from tests.suites.peer.shrink import shrink
from tests.suites.peer.steps import consumer_generation, dumped, loaded, provider_generation, resolve, retag
from tests.suites.peer.truth import Node
from tests.suites.peer.wire import Request

MANY = [plain_get(f"/{number}") for number in range(40)]


def test_only_what_is_needed_remains() -> None:
    needed = {MANY[3], MANY[17], MANY[39]}
    assert shrink(MANY, lambda tried: needed <= set(tried)) == [MANY[3], MANY[17], MANY[39]]


def test_a_request_is_made_smaller() -> None:
    last = replace(plain_get("/a?resources=VCPU:1,DISK_GB:2&limit=1&required=A"), body='{"a": [1, 2], "b": {"c": 1}}')
    (left,) = shrink([last], lambda tried: "DISK_GB" in tried[-1].target and "2" in (tried[-1].body or ""))
    assert left.target == "/a?resources=DISK_GB:2"
    assert left.body == '{"a": [2]}'


def test_a_sequence_survives_its_file() -> None:
    odd = Request("BREW", "/x?%ff", (("a", "b"), ("a", "")), '{"\udcff": "@G:u:0@"}')
    assert loaded(dumped([odd, *MANY[:2]])) == [odd, *MANY[:2]]


@pytest.mark.parametrize(
    ("placeholder", "present", "number"),
    [
        (provider_generation("u"), 4, "4"),
        (provider_generation("u", -1), 4, "3"),
        (consumer_generation("u"), None, "null"),
        (consumer_generation("u", 1), None, "7"),
    ],
)
def test_a_generation_is_put_in_late(placeholder: str, present: int | None, number: str) -> None:
    request = replace(MANY[0], body=f'{{"g": "{placeholder}"}}')
    assert resolve(request, lambda *_: present).body == f'{{"g": {number}}}'


def test_a_new_tag_replaces_all_names() -> None:
    old = Request("PUT", "/traits/CUSTOM_0A0A0A0A_X?uuid=0a0a0a0a-1", (("x", "0a0a0a0a"),), '"0a0a0a0a"')
    assert retag(old, "0a0a0a0a", "0b0b0b0b").target == "/traits/CUSTOM_0B0B0B0B_X?uuid=0b0b0b0b-1"


def node(uuid: str, parent: str | None = None, root: str | None = None, **changes: Any) -> Node:
    record = {"total": 4, "reserved": 0, "min_unit": 1, "max_unit": 4, "step_size": 1, "allocation_ratio": 1.0}
    inventories = dict.fromkeys(changes.pop("classes", "V"), record)
    fields = {"used": {}, "traits": frozenset(), "aggregates": frozenset(), **changes}
    return Node(uuid, parent, root or uuid, inventories, **fields)


TREE = [node("r"), node("a", "r", "r", classes="VG"), node("b", "r", "r", classes="VG", traits=frozenset({"T"}))]
SHARED = [
    node("h", aggregates=frozenset({"x"})),
    node("s", classes="D", traits=frozenset({truth.SHARES}), aggregates=frozenset({"x"})),
    node("o"),
]
# fleet, query, how many candidates
ASKED = [
    (TREE, "resources=V:1", 3),
    (TREE, "resources=V:5", 0),
    (TREE, "resources=V:1,G:1", 6),
    (TREE, "resources1=V:1,G:1", 2),
    (TREE, "resources1=G:1&resources2=G:1&group_policy=none", 4),
    (TREE, "resources1=G:1&resources2=G:1&group_policy=isolate", 2),
    (TREE, "resources1=G:4&resources2=G:1&group_policy=none", 2),
    (TREE, "resources=V:1&required=T", 1),
    (TREE, "resources=V:1&required=!T", 2),
    (TREE, "resources=V:1,G:1&required=T", 4),
    (TREE, "resources_A=G:1&resources_B=V:1&same_subtree=_A,_B&group_policy=none", 4),
    (TREE, "resources_A=G:1&required_B=T&same_subtree=_A,_B&group_policy=none", 1),
    (TREE, "resources=V:1&root_required=T", 0),
    (TREE, "resources=V:1&root_required=!T", 3),
    (SHARED, "resources=V:1,D:1", 1),
    (SHARED, "resources=D:1", 1),
    (SHARED, "resources=V:1&resources1=D:1", 1),
    (SHARED, "resources=V:1,D:1&member_of=x", 1),
    (SHARED, "resources=V:1,D:1&member_of=y", 0),
    (SHARED, "resources=V:1,D:1&in_tree=h", 0),
    (SHARED, "resources=V:1&member_of=!x", 1),
]


@pytest.mark.parametrize(("fleet", "query", "count"), ASKED)
def test_the_brute_force(fleet: list[Node], query: str, count: int) -> None:
    found = truth.candidates({one.uuid: one for one in fleet}, truth.asked(query, (1, 39)))
    assert found.total() == count, found


def test_before_nesting_one_provider_of_a_tree_is_enough() -> None:
    found = truth.candidates({one.uuid: one for one in TREE}, truth.asked("resources=V:1,G:1", (1, 28)), nested=False)
    assert found.total() == 2
