"""An answer without candidates links to the funnel: the link is followed, and explains the same request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from berth.api import auth
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.messages import Reply, Request
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.ledger import open_ledger
from berth.model.inventory import Inventory

RACK, NODE = "7a5c0000-0000-4000-8000-00000000000a", "7a5c0000-0000-4000-8000-000000000001"
TOO_MUCH = {
    "an amount": ("resources=VCPU:9", "has 9 VCPU free"),
    "a trait": ("resources=VCPU:1&required=HW_CPU_X86_AVX2,!HW_CPU_X86_AVX", "has the trait HW_CPU_X86_AVX2"),
    "an aggregate": (f"resources=VCPU:1&member_of={RACK}", f"is in the aggregate {RACK}"),
    "any of some aggregates": (f"resources=VCPU:1&member_of=in:{RACK},{NODE}", RACK),
    "groups": (
        "resources_A=VCPU:1&resources_B=VCPU:1&group_policy=isolate&same_subtree=_A,_B&limit=3",
        "its own provider",
    ),
    "a root": ("resources=VCPU:1&root_required=HW_CPU_X86_AVX2", "itself has the trait HW_CPU_X86_AVX2"),
}


@dataclass(frozen=True, slots=True)
class Faces:
    """Both APIs over one ledger."""

    placement: PlacementApp
    own: V1App

    def candidates(self, query: str, version: str = "1.39") -> Reply:
        """Return the reply to GET /allocation_candidates."""
        headers = {"x-auth-token": "admin", "openstack-api-version": f"placement {version}"}
        return self.placement.answer(Request("GET", "/allocation_candidates", query, headers, b""))

    def followed(self, target: str, token: str = "admin") -> Reply:
        """Return the reply to a GET of /v1."""
        path, _, query = target.partition("?")
        reply = self.own.handle(Request("GET", path, query, {"x-auth-token": token}, b""))
        assert isinstance(reply, Reply)
        return reply


@pytest.fixture
def faces(ledger_url: str) -> Iterator[Faces]:
    with open_ledger(ledger_url) as ledger:
        node = ledger.create_provider("node", uuid=NODE)
        ledger.set_inventories(node.uuid, {"VCPU": Inventory(8)})
        gate = Gate(ledger, (auth.dev,), POLICIES["default"])
        yield Faces(PlacementApp(gate), V1App(gate, Feed(ledger)))


def link_of(reply: Reply) -> str | None:
    """Return the target of the link, None if there is none."""
    value = dict(reply.headers).get("link")
    if value is None:
        return None
    found = re.fullmatch(r'<(/v1/find\?request=[^>]+)>; rel="describedby"', value)
    assert found is not None, value
    return found[1]


@pytest.mark.parametrize("case", TOO_MUCH)
def test_the_link_leads_to_the_funnel_of_the_same_request(case: str, faces: Faces) -> None:
    query, words = TOO_MUCH[case]
    reply = faces.candidates(query)
    assert json.loads(reply.body)["allocation_requests"] == []
    target = link_of(reply)
    assert target is not None
    explained: dict[str, Any] = json.loads(faces.followed(target).body)
    assert explained["candidates"] == []
    assert words in explained["funnel"]["why"]


@pytest.mark.parametrize("version", ["1.10", "1.24", "1.28"])
def test_older_versions_have_it_too(version: str, faces: Faces) -> None:
    target = link_of(faces.candidates("resources=VCPU:9", version))
    assert target is not None
    assert faces.followed(target).status == 200


def test_there_is_none_if_something_fits(faces: Faces) -> None:
    assert link_of(faces.candidates("resources=VCPU:8")) is None


def test_a_link_that_would_be_too_long_is_left_out(faces: Faces) -> None:
    aggregates = ",".join(f"7a5c0000-0000-4000-8000-{number:012}" for number in range(200))
    assert link_of(faces.candidates(f"resources=VCPU:9&member_of=in:{aggregates}")) is None


def test_the_target_asks_for_the_same_right(faces: Faces) -> None:
    target = link_of(faces.candidates("resources=VCPU:9"))
    assert target is not None
    assert faces.followed(target, "someone").status == 403


@pytest.mark.parametrize("request_", ["", "{", "[]", '{"groups": 1}', '{"groups": [], "more": 1}', "%FF", "[" * 5_000])
def test_what_is_no_request_is_400(request_: str, faces: Faces) -> None:
    reply = faces.followed(f"/v1/find?request={request_}")
    assert (reply.status, json.loads(reply.body)["type"]) == (400, "/v1/problems/invalid")
