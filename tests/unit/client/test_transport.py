"""Requests to a server: retries, parameters, and how failures become exceptions."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec
import pytest

from berth.client import transport as transport_module
from berth.client.client import Client
from berth.client.transport import TRIES, Transport
from berth.model import errors
from berth.model.errors import BerthError
from berth.model.record import ProviderRecord
from berth.model.request import CandidateRequest, Group
from tests.unit.client.replies import URL, as_json, problem, transport_to

UNAVAILABLE = problem(503, "unavailable", "the database is unreachable")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "PAUSE_S", 0.0)


class Scripted:
    """A server that gives these replies in order, then the last one again; it keeps the requests."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies, self.requests = list(replies), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply


LOST = httpx.ReadTimeout("timed out")
NEVER_SENT = httpx.ConnectError("refused")


@pytest.mark.parametrize("failure", [UNAVAILABLE, LOST, NEVER_SENT])
def test_a_read_is_retried(failure: httpx.Response | Exception) -> None:
    server = Scripted(failure, failure, as_json(7))
    assert transport_to(server).get("/v1", int) == 7
    assert len(server.requests) == 3


@pytest.mark.parametrize("failure", [UNAVAILABLE, LOST, NEVER_SENT])
def test_a_query_is_retried_until_the_tries_are_used_up(failure: httpx.Response | Exception) -> None:
    server = Scripted(failure)
    with pytest.raises(errors.Unavailable):
        transport_to(server).query("/v1/find", {}, int)
    assert len(server.requests) == TRIES


@pytest.mark.parametrize(
    ("failure", "tries", "text"),
    [
        (UNAVAILABLE, 1, "the database is unreachable"),
        (LOST, 1, "not known whether the command was carried out"),
        (NEVER_SENT, TRIES, "cannot be reached"),
    ],
)
def test_a_command_is_retried_only_if_it_never_arrived(
    failure: httpx.Response | Exception, tries: int, text: str
) -> None:
    server = Scripted(failure)
    with pytest.raises(errors.Unavailable, match=text):
        transport_to(server).command("/v1/commands/X", {}, None)
    assert len(server.requests) == tries


def test_a_refusal_is_not_retried() -> None:
    server = Scripted(problem(404, "provider-not-found", "no provider", uuid="u"))
    with pytest.raises(errors.ProviderNotFound):
        transport_to(server).get("/v1/providers/u", int)
    assert len(server.requests) == 1


def test_parameters_that_are_none_or_empty_are_omitted() -> None:
    server = Scripted(as_json([]))
    transport_to(server).get("/v1", list[int], name="", after=None, limit=3, trait=["A", "B"], by=[])
    assert str(server.requests[0].url) == f"{URL}/v1?limit=3&trait=A&trait=B"


def test_a_body_is_json() -> None:
    server = Scripted(as_json(True))
    assert transport_to(server).command("/v1/commands/X", {"name": "x"}, bool) is True
    assert msgspec.json.decode(server.requests[0].content) == {"name": "x"}
    assert server.requests[0].headers["content-type"] == "application/json"


def test_the_token_is_sent_and_not_shown() -> None:
    server = Scripted(as_json(1))
    transport = transport_to(server, "a-secret-token")
    transport.get("/v1", int)
    assert server.requests[0].headers["x-auth-token"] == "a-secret-token"
    assert "a-secret-token" not in repr(vars(transport))


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (problem(409, "capacity-exceeded", "full"), errors.CapacityExceeded, "full"),
        (httpx.Response(401), errors.Unauthenticated, "401"),
        (httpx.Response(403), errors.Forbidden, "403"),
        (httpx.Response(429), errors.TooManyRequests, "429"),
        (httpx.Response(500), errors.Failed, "500"),
        (httpx.Response(404, content=b"<html>"), errors.NotBerth, "not a Berth server"),
        (as_json({"type": "/v1/problems/unknown-kind", "detail": "new"}, 400), errors.Invalid, "new"),
        (as_json([1], 418), errors.NotBerth, "418"),
        (httpx.Response(200, content=b"<html>"), errors.NotBerth, "does not understand"),
    ],
)
def test_failures_become_exceptions(reply: httpx.Response, error: type[BerthError], text: str) -> None:
    with pytest.raises(error, match=text):
        transport_to(Scripted(reply)).command("/v1", {}, int)


@pytest.mark.parametrize("url", ["localhost:8778", "ftp://host", "http://", "http://user:secret@host"])
def test_an_illegal_address_is_refused(url: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        Transport(url, None, timeout_s=1.0, ca=None, cert=None)
    assert "secret" not in str(refused.value)


def test_a_path_in_the_address_is_kept() -> None:
    transport = Transport("https://host/berth/", None, timeout_s=1.0, ca=None, cert=None)
    assert transport.url == "https://host/berth"
    transport.close()


@pytest.mark.parametrize("decode", [lambda t: t.decode(b"[]", None), lambda t: t.decode(b"", None)])
def test_a_command_without_a_result_gives_none(decode: Callable[[Transport], object]) -> None:
    assert decode(transport_to(Scripted(as_json(1)))) is None


@pytest.mark.parametrize("consumer", [None, "c0000000-0000-4000-8000-000000000001"])
def test_a_claim_whose_answer_is_lost_can_be_tried_again(consumer: str | None) -> None:
    server = Scripted(LOST)
    request = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))
    with pytest.raises(errors.Unavailable) as caught:
        Client(transport_to(server)).allocate(request, project="p", user="u", consumer=consumer)
    sent, *asked = server.requests
    assert {(each.method, each.url.path) for each in asked} == {("GET", "/v1")}
    assert caught.value.consumer == msgspec.json.decode(sent.content)["consumer"]
    assert consumer in (None, caught.value.consumer)


KEEPS = as_json({"name": "berth", "version": "1", "head": 7, "documentation": {}, "keys": True})
KEEPS_NONE = as_json({"name": "berth", "version": "0", "head": 7, "documentation": {}})


@pytest.mark.parametrize("failure", [UNAVAILABLE, LOST])
@pytest.mark.parametrize("key", ["mine", None])
def test_a_command_is_sent_again_with_its_key(key: str | None, failure: httpx.Response | Exception) -> None:
    server = Scripted(failure, KEEPS, failure, as_json({"result": True}))
    assert Client(transport_to(server)).create_trait("CUSTOM_A", key=key) is True
    sent = [request for request in server.requests if request.method == "POST"]
    assert len(sent) == 3 == len(server.requests) - 1  # it is asked once
    (used,) = {request.headers["idempotency-key"] for request in sent}
    assert len({request.content for request in sent}) == 1
    assert used == key or (key is None and len(used) == 32)


@pytest.mark.parametrize("about", [KEEPS_NONE, UNAVAILABLE, as_json("nonsense")])
@pytest.mark.parametrize("failure", [UNAVAILABLE, LOST])
def test_a_command_is_sent_once_to_a_server_that_may_not_know_keys(
    failure: httpx.Response | Exception, about: httpx.Response
) -> None:
    server = Scripted(failure, about)
    with pytest.raises(errors.Unavailable) as caught:
        Client(transport_to(server)).create_trait("CUSTOM_A", key="mine")
    assert [request.method for request in server.requests].count("POST") == 1
    assert caught.value.key == "mine"


def test_each_command_has_a_key_of_its_own_and_one_about_tokens_has_none() -> None:
    server = Scripted(as_json({"result": True}))
    client = Client(transport_to(server))
    client.create_trait("CUSTOM_A")
    client.create_trait("CUSTOM_A")
    client.revoke_token("a")
    first, second, third = (request.headers.get("idempotency-key") for request in server.requests)
    assert first != second
    assert third is None


@pytest.mark.parametrize("key", ["", "a\r\nx-auth-token: b"])
def test_no_key_is_sent_that_is_none(key: str) -> None:
    server = Scripted(as_json({"result": True}))
    with pytest.raises(errors.Invalid):
        Client(transport_to(server)).create_trait("CUSTOM_A", key=key)
    assert server.requests == []


def test_what_the_caller_leaves_to_the_client_is_the_same_each_time_for_a_key() -> None:
    server = Scripted(as_json({"result": []}))
    client = Client(transport_to(server))
    for key in ("a", "a", "b", None, None):
        client.put_records([ProviderRecord(name="host")], key=key)
    first, again, *others = (request.content for request in server.requests)
    assert first == again
    assert len({first, *others}) == 4
