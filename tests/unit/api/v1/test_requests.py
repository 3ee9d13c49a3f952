"""Requests for candidates and lists: one meaning of each, whichever way they come in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.v1.conftest import HOST, OTHER, RACK, Asked, told

ONE = {"VCPU": 1}
SPELLINGS = [RACK, RACK.upper(), RACK.replace("-", ""), f"{{{RACK}}}"]


def claim(request: dict[str, Any]) -> dict[str, Any]:
    return {"request": request, "project": "p", "user": "u"}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_forbidden_aggregate_is_forbidden_in_any_spelling(spelling: str, steady: Asked) -> None:
    request = {"groups": [{"resources": ONE, "not_member_of": [spelling]}]}
    assert told(steady("POST", "/v1/find", request))["candidates"] == []
    assert steady("POST", "/v1/claims", claim(request)).status == 409
    command = {"consumer": HOST, **claim(request)}
    assert steady("POST", "/v1/commands/Allocate", command).status == 409


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_aggregate_is_found_in_any_spelling(spelling: str, steady: Asked) -> None:
    found = told(steady("POST", "/v1/providers/query", {"member_of": [[spelling]]}))
    assert [each["uuid"] for each in found["items"]] == [HOST]
    listed = told(steady("GET", f"/v1/providers?aggregate={spelling}"))
    assert [each["uuid"] for each in listed["items"]] == [HOST]
    assert told(steady("GET", f"/v1/fleet/map?aggregate={spelling}"))["total_hosts"] == 1


@pytest.mark.parametrize(
    ("request_", "at"),
    [
        ({"groups": [{"resources": ONE, "not_member_of": ["one|other"]}]}, "/groups/0/not_member_of"),
        ({"groups": [{"resources": ONE, "in_tree": "nowhere"}]}, "/groups/0/in_tree"),
        ({"groups": [{"resources": ONE, "in_tree": ""}]}, "/groups/0/in_tree"),
        ({"groups": [{"resources": {"VCPU": True}}]}, "/groups/0/resources"),
        ({"groups": [{"resources": ONE, "member_of": [[RACK, 1]]}]}, "/groups/0/member_of/0/1"),
        ({"groups": [{"resources": ONE}], "limit": 1.0}, "/limit"),
        ({"groups": [{"resources": ONE}], "same_subtrees": [["_Z"]]}, "/same_subtrees/0"),
        ({"groups": [{"resources": ONE}], "same_subtrees": [[]]}, "/same_subtrees/0"),
        ({"groups": [{"resources": ONE}], "limit": -1}, "/limit"),
        ({"groups": [{"resources": ONE}], "limit": 0}, "/limit"),
        ({"groups": [{"resources": {"VCPU": -1}}]}, "/groups/0/resources/VCPU"),
        ({"groups": [{"resources": ONE, "suffix": "_A"}, {"resources": ONE, "suffix": "_A"}]}, "/groups/1/suffix"),
        ({"groups": [{"resources": ONE, "suffix": "&limit=1&x="}]}, "/groups/0/suffix"),
    ],
)
def test_a_request_that_makes_no_sense_is_400_with_its_place(request_: dict[str, Any], at: str, steady: Asked) -> None:
    for explain in (False, True):
        reply = steady("POST", "/v1/find", {**request_, "explain": explain})
        assert (reply.status, told(reply)["type"], told(reply)["at"]) == (400, "/v1/problems/invalid", at)
    reply = steady("POST", "/v1/claims", claim(request_))
    assert (reply.status, told(reply)["at"]) == (400, f"/request{at}")


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("room=VCPU:1,VCPU:2", "/room"),
        ("room=VCPU:0", "/room"),
        ("room=VCPU", "/room"),
        ("room=VCPU=4G", "/room"),
        ("limit=1&limit=2", "/limit"),
        ("limit=0", "/limit"),
        ("limit=x", "/limit"),
        ("aggregate=a;b", "/aggregate"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/providers", "/v1/fleet/map"])
def test_a_parameter_that_makes_no_sense_is_400_with_its_place(path: str, query: str, at: str, steady: Asked) -> None:
    reply = steady("GET", f"{path}?{query}")
    assert (reply.status, told(reply)["type"], told(reply)["at"]) == (400, "/v1/problems/invalid", at)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/find", b'{"groups": [{"resources": {"VCPU": 99, "VCPU": 1}}]}'),
        ("/v1/find", b'{"groups": [{"resources": {"VCPU": 1}, "resources": {"VCPU": 1}}]}'),
        ("/v1/commands/DeleteProvider", f'{{"uuid": "{OTHER}", "uuid": "{HOST}"}}'.encode()),
        ("/v1/commands/SetInventories", f'{{"uuid": "{HOST}", "inventories": {{}}, "inventories": {{}}}}'.encode()),
    ],
)
def test_a_name_that_stands_twice_in_one_object_is_refused(path: str, body: bytes, steady: Asked) -> None:
    before = steady.ledger.known_head
    reply = steady("POST", path, body)
    assert (reply.status, told(reply)["type"]) == (400, "/v1/problems/invalid")
    assert "twice in one object" in told(reply)["detail"]
    assert steady.ledger.known_head == before


@pytest.mark.parametrize("limit", [10**6, 10**20])
def test_a_large_limit_is_none(limit: int, steady: Asked) -> None:
    reply = steady("POST", "/v1/find", {"groups": [{"resources": ONE}], "limit": limit})
    assert (reply.status, len(told(reply)["candidates"])) == (200, 1)


def test_a_reshape_names_a_provider_once(asked: Asked) -> None:
    half = {"uuid": HOST, "generation": 1, "inventories": {"VCPU": {"total": 9}}}
    reply = asked("POST", "/v1/commands/Reshape", {"inventories": [half, {**half, "uuid": HOST.upper()}], "claims": []})
    assert (reply.status, told(reply)["at"]) == (400, "/inventories")
