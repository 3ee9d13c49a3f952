"""What pages of other origins may do."""

from __future__ import annotations

import pytest

from berth.api.http.cors import Cors
from berth.api.http.messages import Reply, Request

HERE, THERE = "https://console.example.com", "https://elsewhere.example.com"
CORS = Cors(frozenset({HERE}))
NO_CORS = Cors(frozenset())


def request(method: str = "OPTIONS", **headers: str) -> Request:
    return Request(
        method, "/resource_providers", "", {name.replace("_", "-"): value for name, value in headers.items()}
    )


def wish(origin: str, method: str, headers: str = "") -> Request:
    asked = {"access_control_request_headers": headers} if headers else {}
    return request(origin=origin, access_control_request_method=method, **asked)


MAY: tuple[tuple[Request, bool], ...] = (
    (wish(HERE, "GET"), True),
    (wish(HERE, "DELETE"), True),
    (wish(HERE, "GET", "openstack-api-version"), True),
    (wish(HERE, "PUT", "OpenStack-API-Version, Content-Type,x-auth-token"), True),
    (wish(HERE, "PUT", " , content-type, "), True),
    (wish(HERE, "TRACE"), False),
    (wish(HERE, "get"), False),
    (wish(HERE, ""), False),
    (wish(HERE, "GET", "x-roles"), False),
    (wish(HERE, "GET", "content-type, cookie"), False),
    (wish(THERE, "GET"), False),
    (wish("null", "GET"), False),
    (wish(HERE.upper(), "GET"), False),
    (wish(HERE + "/", "GET"), False),
    (wish("*", "GET"), False),
    (request(access_control_request_method="GET"), False),
    (request(origin=HERE), False),
)


@pytest.mark.parametrize(("asked", "may"), MAY)
def test_a_browser_asks_whether_it_may(asked: Request, may: bool) -> None:
    reply = CORS.preflight(asked)
    assert reply is not None
    assert (reply.status, reply.body) == (200, b"")
    told = dict(reply.headers)
    if not may:
        assert told == {}
        return
    assert told["access-control-allow-origin"] == HERE
    assert asked.headers["access-control-request-method"] in told["access-control-allow-methods"].split(", ")
    wanted = asked.headers.get("access-control-request-headers", "").lower().replace(",", " ").split()
    assert told.get("access-control-allow-headers", "").replace(",", "").split() == wanted


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "options"])
def test_only_options_asks(method: str) -> None:
    asked = request(method, origin=HERE, access_control_request_method="GET")
    assert CORS.preflight(asked) is None


def test_without_origins_there_is_no_cors() -> None:
    assert NO_CORS.preflight(wish(HERE, "GET")) is None
    reply = Reply(200)
    NO_CORS.sign(request("GET", origin=HERE), reply)
    assert reply.headers == []


@pytest.mark.parametrize(
    ("asked", "may"),
    [
        (request("GET", origin=HERE), True),
        (request("POST", origin=HERE), True),
        (request("GET", origin=THERE), False),
        (request("GET"), False),
        (request("GET", origin=""), False),
    ],
)
def test_a_page_may_read_the_answer(asked: Request, may: bool) -> None:
    reply = Reply(404, [("vary", "openstack-api-version")])
    CORS.sign(asked, reply)
    assert (("access-control-allow-origin", HERE) in reply.headers) == may
    assert (("vary", "Origin") in reply.headers) == may
    assert ("vary", "openstack-api-version") in reply.headers
    exposed = dict(reply.headers).get("access-control-expose-headers", "")
    assert ("location" in exposed.split(",")) == may
