"""Every route of the table: answered well, refused well, and never without a caller."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from berth.api.v1.command_routes import COMMANDS
from berth.api.v1.route import Route
from berth.api.v1.routes import ROUTES
from berth.model.errors import Invalid
from berth.model.message import RESULTS
from tests.support.cases.v1_calls import CALLS, FIRST
from tests.unit.api.v1.conftest import HOST, JOB, NOBODY, Asked, header, told

every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


@every_route
def test_a_good_call(route: Route, asked: Asked) -> None:
    if route.name in FIRST:
        assert asked("POST", *FIRST[route.name]).status in (200, 201)
    target, body = CALLS[route.name]
    reply = asked(route.method, target, body)
    assert reply.status == route.status, reply.body
    if route.reply is None:
        assert reply.body == b""
    else:
        msgspec.json.decode(reply.body, type=route.reply)
    assert header(reply, "x-request-id") == header(reply, "x-openstack-request-id") != None  # noqa: E711


@every_route
def test_nobody_comes_in_without_a_token(route: Route, steady: Asked) -> None:
    target, body = CALLS[route.name]
    reply = steady(route.method, target, body, x_auth_token="")
    assert (reply.status == 401) != route.public
    if reply.status == 401:
        assert told(reply)["type"] == "/v1/problems/unauthenticated"


@every_route
def test_a_parameter_that_there_is_not(route: Route, steady: Asked) -> None:
    target, body = CALLS[route.name]
    reply = steady(route.method, f"{target}{'&' if '?' in target else '?'}nonsense=1", body)
    assert reply.status == 400
    assert "nonsense" in told(reply)["detail"]


@every_route
def test_another_method(route: Route, steady: Asked) -> None:
    reply = steady("TRACE", CALLS[route.name][0].partition("?")[0])
    assert reply.status == 405
    assert route.method in str(header(reply, "allow"))
    assert told(reply)["type"] == "/v1/problems/method-not-allowed"


TIMED = {"agenda.list", "leases.list"}
UNCHANGING = [route for route in ROUTES if route.method == "GET" and route.name not in TIMED]
"""The routes whose answers stay the same while nothing happens: others say what time it is."""


@pytest.mark.parametrize("route", UNCHANGING, ids=lambda route: route.name)
def test_what_has_not_changed_is_not_sent_again(route: Route, steady: Asked) -> None:
    target, _ = CALLS[route.name]
    tag = header(steady("GET", target), "etag")
    assert tag is not None
    again = steady("GET", target, if_none_match=f'W/"0-0", {tag}')
    assert (again.status, again.body, header(again, "etag")) == (304, b"", tag)
    head = steady("HEAD", target)
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is not None], ids=lambda route: route.name)
@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"{", "application/json", 400, "not JSON"),
        (b"[" * 100_000, "application/json", 400, ""),
        (b'{"nonsense": 1}', "application/json", 400, ""),
        (b"\xff", "application/json", 400, ""),
        (b"{}", "text/plain", 415, "application/json"),
    ],
    ids=["broken", "deep", "unknown", "bytes", "text"],
)
def test_a_bad_body(route: Route, body: bytes, kind: str, status: int, words: str, steady: Asked) -> None:
    reply = steady(route.method, CALLS[route.name][0], body, content_type=kind)
    assert reply.status == status, reply.body
    assert words in told(reply)["detail"]


@every_route
def test_only_json_is_to_be_had(route: Route, steady: Asked) -> None:
    if route.reply is not None:
        target, body = CALLS[route.name]
        assert steady(route.method, target, body, accept="text/html").status == 406


OWNER = {"project": "p", "user": "u"}

REFUSED: tuple[tuple[str, str, Any, int, str, dict[str, Any]], ...] = (
    ("GET", f"/v1/providers/{NOBODY}/traits", None, 404, "provider-not-found", {"uuid": NOBODY}),
    ("GET", "/v1/providers/nonsense/traits", None, 404, "provider-not-found", {"uuid": "nonsense"}),
    ("GET", f"/v1/consumers/{NOBODY}", None, 404, "allocations-not-found", {"consumer": NOBODY}),
    ("GET", "/v1/classes/CUSTOM_NONE", None, 404, "class-not-found", {"name": "CUSTOM_NONE"}),
    ("GET", "/v1/traits/CUSTOM_NONE", None, 404, "traits-not-found", {"names": ["CUSTOM_NONE"]}),
    ("GET", "/v1/consumers?order=largest", None, 400, "invalid", {}),
    ("GET", "/v1/consumers?limit=0", None, 400, "invalid", {}),
    ("GET", "/v1/consumers?project=a&project=b", None, 400, "invalid", {}),
    ("GET", "/v1/consumers?order=oldest&after=x", None, 400, "invalid", {}),
    ("GET", "/v1/providers?room=VCPU", None, 400, "invalid", {}),
    ("GET", "/v1/providers?after=x", None, 400, "invalid", {}),
    ("GET", "/v1/providers?trait=CUSTOM_NONE", None, 404, "traits-not-found", {"names": ["CUSTOM_NONE"]}),
    ("GET", f"/v1/providers/{NOBODY}", None, 404, "provider-not-found", {"uuid": NOBODY}),
    ("GET", "/v1/fleet/map?class=CUSTOM_NONE", None, 404, "class-not-found", {"name": "CUSTOM_NONE"}),
    ("GET", "/v1/fleet/map?by=nonsense", None, 400, "invalid", {}),
    ("GET", "/v1/usages", None, 400, "invalid", {}),
    ("GET", "/v1/report?by=rack", None, 400, "invalid", {}),
    ("GET", "/v1/report?since=2&until=1", None, 400, "invalid", {}),
    ("GET", "/v1/report?class=CUSTOM_NONE", None, 404, "class-not-found", {"name": "CUSTOM_NONE"}),
    ("GET", f"/v1/audit?provider={HOST}&consumer={JOB}", None, 400, "invalid", {}),
    ("GET", "/v1/%zz", None, 404, "no-such-path", {}),
    ("GET", "/v1/", None, 404, "no-such-path", {}),
    ("GET", "/v1/providers//traits", None, 404, "no-such-path", {}),
    ("DELETE", f"/v1/consumers/{NOBODY}", None, 404, "allocations-not-found", {"consumer": NOBODY}),
    ("POST", "/v1/find", {"groups": [{"resources": {"CUSTOM_NONE": 1}}]}, 404, "class-not-found", {}),
    ("POST", "/v1/find", {"groups": []}, 400, "invalid", {}),
    (
        "POST",
        "/v1/commands/SetInventories",
        {"uuid": HOST, "inventories": {"VCPU": {"total": 4}}, "generation": 99},
        409,
        "generation-conflict",
        {"provider": HOST, "given": 99},
    ),
    (
        "POST",
        "/v1/commands/SetAllocations",
        {"claims": [{"consumer": NOBODY, "allocations": {HOST: {"VCPU": 4}}, "project": "p", "user": "u"}]},
        409,
        "capacity-exceeded",
        {"provider": HOST, "resource_classes": ["VCPU"]},
    ),
    (
        "POST",
        "/v1/claims",
        {"request": {"groups": [{"resources": {"VCPU": 4}}]}, "project": "p", "user": "u"},
        409,
        "nothing-fits",
        {"bounded": False},
    ),
    (
        "POST",
        "/v1/claims",
        {"request": {"groups": [{"resources": {"VCPU": 1}}]}, "consumer": JOB, "project": "p", "user": "u"},
        409,
        "consumer-generation-conflict",
        {"consumer": JOB, "expected": 1, "got": None},
    ),
    (
        "POST",
        "/v1/claims",
        {"request": {"groups": [{"resources": {"A": 1}}]}, "project": "", "user": "u"},
        400,
        "invalid",
        {},
    ),
    *(
        ("POST", path, {"request": {"groups": [{"resources": {"VCPU": 1}}]}, **OWNER, **term}, 400, kind, {"at": at})
        for path, term, kind, at in (
            ("/v1/claims", {"until": "2001-01-01T00:00:00Z"}, "invalid-term", "/term/end"),
            ("/v1/claims", {"until": "2101-01-01T00:00:00"}, "invalid", "/until"),
            ("/v1/claims", {"until": "tomorrow"}, "invalid", "/until"),
            ("/v1/claims", {"for": 0}, "invalid-term", "/term/lasts"),
            ("/v1/claims", {"for": 2**62}, "invalid-term", "/term/lasts"),
            ("/v1/claims", {"replaces": JOB}, "invalid-term", "/term/replaces"),
            ("/v1/holds", {"confirm_within": 0}, "invalid-term", "/term/confirm_within"),
            ("/v1/holds", {"for": 5}, "invalid", "/confirm_within"),
        )
    ),
    ("POST", "/v1/commands/Confirm", {"consumer": NOBODY}, 404, "allocations-not-found", {"consumer": NOBODY}),
    ("POST", "/v1/commands/Extend", {"consumer": JOB, "seconds": 5}, 409, "no-end", {"consumer": JOB}),
    ("POST", "/v1/commands/Nonsense", {}, 404, "no-such-path", {}),
)


@pytest.mark.parametrize(("method", "target", "body", "status", "kind", "fields"), REFUSED)
def test_a_refusal_has_a_type_and_its_fields(
    method: str, target: str, body: Any, status: int, kind: str, fields: dict[str, Any], steady: Asked
) -> None:
    reply = steady(method, target, body)
    problem = told(reply)
    assert (reply.status, problem["type"]) == (status, f"/v1/problems/{kind}"), problem
    assert problem["status"] == status
    assert {name: problem[name] for name in fields} == fields
    assert header(reply, "content-type") == "application/problem+json"
    assert problem["request_id"] == header(reply, "x-request-id")


def test_a_wrong_type_is_said_with_where_it_is(steady: Asked) -> None:
    body = {"uuid": HOST, "inventories": {"VCPU": {"total": "4"}}}
    assert "$.inventories[...].total" in told(steady("POST", "/v1/commands/SetInventories", body))["detail"]


def test_every_command_has_a_route() -> None:
    assert set(COMMANDS) == set(RESULTS)


def test_every_refusal_of_a_route_is_one_that_is_told() -> None:
    assert all(issubclass(refusal, BaseException) for route in ROUTES for refusal in route.refusals)
    assert all(Invalid in route.refusals for route in ROUTES if route.name.startswith("commands."))


def test_a_claim_that_ends_and_a_hold(asked: Asked) -> None:
    body = {"request": {"groups": [{"resources": {"VCPU": 1}}]}, **OWNER}
    ends = told(asked("POST", "/v1/claims", {**body, "until": "2101-01-01T02:00:00+02:00"}))["consumer"]
    assert told(asked("GET", f"/v1/consumers/{ends}"))["end"] == 4_133_980_800_000_000
    held = told(asked("POST", "/v1/holds", {**body, "for": 600, "confirm_within": 60}))["consumer"]
    hold = told(asked("GET", f"/v1/consumers/{held}"))
    assert (hold["end"] - hold["start"], hold["deadline"] - hold["start"]) == (600_000_000, 60_000_000)
    assert told(asked("POST", "/v1/commands/Extend", {"consumer": held, "seconds": 90}))["result"] > hold["deadline"]
    assert asked("POST", "/v1/commands/Confirm", {"consumer": held}).status == 200
    assert told(asked("GET", f"/v1/consumers/{held}"))["deadline"] is None
