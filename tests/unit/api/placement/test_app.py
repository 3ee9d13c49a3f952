"""The API in this process: what takes two requests at the same moment, or a caller of a kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from berth.api import auth
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.app import PendingReply
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.placement.app import PlacementApp
from berth.ledger import open_ledger


@pytest.fixture
def api(ledger_url: str) -> Iterator[PlacementApp]:
    with open_ledger(ledger_url) as ledger:
        yield PlacementApp(Gate(ledger, (auth.dev,), POLICIES["default"]))


def request(method: str, path: str, body: bytes = b"", **headers: str) -> Request:
    given = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39", "content-type": "application/json"}
    return Request(
        method, path, "", {**given, **{name.replace("_", "-"): text for name, text in headers.items()}}, body
    )


def together(api: PlacementApp, *requests: Request) -> list[Reply]:
    """Carried out as one batch."""
    responses = [api.handle(each) for each in requests]
    api.ledger.work()
    return [each.then() if isinstance(each, PendingReply) else each for each in responses]


def test_a_trait_that_goes_in_the_batch_in_which_it_came(api: PlacementApp) -> None:
    trait = "/traits/CUSTOM_A"
    replies = together(api, request("PUT", trait), request("PUT", trait), request("DELETE", trait))
    assert [reply.status for reply in replies] == [201, 204, 204]
    assert "last-modified" in dict(replies[1].headers)
    assert api.answer(request("GET", trait)).status == 404


def test_a_caller_with_a_very_long_name(api: PlacementApp) -> None:
    """The change log has room for 255 characters; whoever wrote is not turned away for that."""
    made = api.answer(request("PUT", "/traits/CUSTOM_A", x_auth_token="n" * 5_000, x_roles="admin"))
    assert made.status == 201
    (change,) = api.ledger.changes()[-1:]
    assert change.actor == "n" * 255


TOO_MANY, TOO_FEW = "Additional properties are not allowed", "is a required property"
UUID = "7a5c0000-0000-4000-8000-000000000001"
OTHER: dict[str, Any] = {"other": 1}
HELD = {"VCPU": 1}
STOCK: dict[str, Any] = {"resource_provider_generation": 0, "inventories": {}}
FIRST_TOLD: list[tuple[str, str, int, Any, str]] = [
    ("PUT", f"/allocations/{UUID}", 0, OTHER, TOO_FEW),
    ("PUT", f"/allocations/{UUID}", 0, {"allocations": [{"resource_provider": OTHER, "resources": HELD}]}, TOO_MANY),
    ("PUT", f"/allocations/{UUID}", 11, OTHER, TOO_FEW),
    ("PUT", f"/allocations/{UUID}", 12, OTHER, TOO_MANY),
    ("PUT", f"/allocations/{UUID}", 39, OTHER, TOO_MANY),
    ("POST", "/allocations", 13, {UUID: OTHER}, TOO_MANY),
    ("POST", "/allocations", 39, {UUID: OTHER}, TOO_MANY),
    ("POST", "/resource_providers", 39, OTHER, TOO_FEW),
    ("PUT", f"/resource_providers/{UUID}/traits", 39, OTHER, TOO_FEW),
    ("POST", "/reshaper", 30, OTHER, TOO_FEW),
    ("POST", "/reshaper", 30, {"inventories": {UUID: STOCK}, "allocations": {UUID: OTHER}}, TOO_MANY),
    ("POST", "/reshaper", 39, {"inventories": {UUID: STOCK}, "allocations": {UUID: OTHER}}, TOO_MANY),
]


@pytest.mark.parametrize(("method", "path", "minor", "body", "told"), FIRST_TOLD)
def test_which_of_two_faults_is_told(
    method: str, path: str, minor: int, body: Any, told: str, api: PlacementApp
) -> None:
    """A property too many and one too few, in the order of Placement's schemas."""
    version = f"placement 1.{minor}"
    reply = api.answer(request(method, path, json.dumps(body).encode(), openstack_api_version=version))
    assert reply.status == 400
    assert told in json.loads(reply.body)["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("host", "location"),
    [("berth.test:8778", "http://berth.test:8778/traits/CUSTOM_A"), ("", "/traits/CUSTOM_A")],
)
def test_where_something_new_is(host: str, location: str, api: PlacementApp) -> None:
    made = api.answer(request("PUT", "/traits/CUSTOM_A", host=host))
    assert dict(made.headers)["location"] == location


@pytest.mark.parametrize(
    ("accept", "kind", "text"),
    [
        ("", "application/json", r"otherwise incorrect.\n\n so <b>  "),
        ("*/*", "application/json", r"otherwise incorrect.\n\n so <b>  "),
        ("text/html", "text/html; charset=UTF-8", "so &lt;b&gt;  </p>"),
        ("text/plain", "text/plain; charset=UTF-8", "400 Bad Request\n\nThe server could not comply"),
        ("image/png", "text/plain; charset=UTF-8", "so <b>"),
        ("application/json;q=0.1, text/html", "text/html; charset=UTF-8", "so &lt;b&gt;"),
    ],
)
def test_the_form_of_a_refusal(accept: str, kind: str, text: str, api: PlacementApp) -> None:
    reply = api.refuse(request("GET", "/", accept=accept), HttpError(400, "so <b>"))
    assert dict(reply.headers)["content-type"] == kind
    assert text in reply.body.decode()


def test_a_provider_in_a_path_is_a_uuid_and_never_a_name(api: PlacementApp) -> None:
    """Also where the name of another provider looks like one."""
    api.ledger.create_provider(UUID, uuid=UUID.replace("1", "2"))
    for part in ("", "/inventories", "/usages", "/allocations", "/traits", "/aggregates"):
        reply = api.answer(request("GET", f"/resource_providers/{UUID}{part}"))
        assert reply.status == 404, part
        assert f"No resource provider with uuid {UUID} found" in reply.body.decode(), part
