"""The header Idempotency-Key: which requests take it, what it is bound to, and what a kept answer looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from berth.api.http.cors import Cors
from berth.api.http.messages import Reply, Request
from berth.api.v1.routes import ROUTES
from berth.model.commands import Claim
from berth.model.errors import KeyReused
from tests.unit.api.v1.conftest import HOST, JOB, NOBODY, OTHER, Asked

CLAIM = {"request": {"groups": [{"resources": {"VCPU": 1}}]}, "project": "p", "user": "u"}


def headers(reply: Reply) -> dict[str, str]:
    return dict(reply.headers)


def content(reply: Reply) -> Any:
    found = json.loads(reply.body or b"null")
    return {name: value for name, value in found.items() if name != "request_id"} if isinstance(found, dict) else found


def again(asked: Asked, *request: Any, **more: str) -> tuple[Reply, Reply]:
    """The replies to one request that is sent twice, of which the second changes nothing."""
    first = asked(*request, **more)
    head = asked.ledger.head()
    second = asked(*request, **more)
    assert asked.ledger.head() == head
    return first, second


def test_which_requests_take_a_key() -> None:
    """All that carry out a command, but for those about tokens."""
    commands = {each.name for each in ROUTES if each.name.startswith("commands.")} - {"commands.RenewLeases"}
    changing = commands | {
        "aggregates.name",
        "changes.undo",
        "claims.create",
        "consumers.reconcile",
        "consumers.edit",
        "consumers.release",
        "holds.create",
        "leases.end",
        "leases.grant",
    }
    assert {each.name for each in ROUTES if each.keyed} == changing
    assert all(KeyReused in each.refusals for each in ROUTES if each.keyed)
    others = {each.name for each in ROUTES if each.method != "GET"} - changing
    asking = {"find", "providers.query"}
    # To renew a lease twice does no harm.
    assert others == asking | {
        "commands.RenewLeases",
        "leases.renew",
        "tokens.create",
        "tokens.rotate",
        "tokens.revoke",
    }


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("POST", "/v1/claims", CLAIM), 201),
        (("POST", "/v1/commands/CreateTrait", {"name": "CUSTOM_NEW"}), 200),
        (("DELETE", f"/v1/consumers/{JOB}"), 204),
        (("DELETE", f"/v1/consumers/{NOBODY}"), 404),
        (("POST", "/v1/commands/DeleteProvider", {"uuid": HOST}), 409),
        (("POST", "/v1/claims", {**CLAIM, "request": {"groups": [{"resources": {"VCPU": 9999}}]}}), 409),
    ],
)
def test_the_answer_is_kept(request_: tuple[Any, ...], status: int, asked: Asked) -> None:
    first, second = again(asked, *request_, idempotency_key="k")
    assert (first.status, second.status) == (status, status)
    left_out = {"funnel", "detail"} if "funnel" in (content(first) or {}) else {"holders", "holder_count"}
    if isinstance(content(first), dict):  # what a refusal is explained with is of the moment
        assert {**content(first), **dict.fromkeys(left_out)} == {**content(second), **dict.fromkeys(left_out)}
    assert "idempotency-replayed" not in headers(first)
    assert headers(second)["idempotency-replayed"] == "true"
    assert headers(first)["x-request-id"] != headers(second)["x-request-id"]


@pytest.mark.parametrize(
    "request_",
    [
        ("POST", "/v1/claims", {**CLAIM, "user": "v"}),
        ("POST", "/v1/claims", {**CLAIM, "consumer": JOB}),
        ("POST", "/v1/commands/CreateTrait", {"name": "CUSTOM_NEW"}),
        ("DELETE", f"/v1/consumers/{JOB}"),
    ],
)
def test_a_key_is_of_one_request(request_: tuple[Any, ...], asked: Asked) -> None:
    asked("POST", "/v1/claims", CLAIM, idempotency_key="k")
    reply, repeated = again(asked, *request_, idempotency_key="k")
    assert (reply.status, content(reply)["type"]) == (422, "/v1/problems/key-reused")
    assert content(repeated) == content(reply)
    assert "idempotency-replayed" not in headers(repeated)


def test_the_parameters_of_a_path_are_part_of_the_request(asked: Asked) -> None:
    assert asked("DELETE", f"/v1/consumers/{JOB}", idempotency_key="k").status == 204
    assert asked("DELETE", f"/v1/consumers/{NOBODY}", idempotency_key="k").status == 422


def test_the_same_body_may_be_spelled_in_another_way(asked: Asked) -> None:
    spelled = [
        json.dumps(CLAIM).encode(),
        json.dumps({**dict(reversed(CLAIM.items())), "type": None}, indent=1).encode(),
    ]
    first, second = (content(asked("POST", "/v1/claims", body, idempotency_key="k")) for body in spelled)
    assert first == second


def test_keys_of_users_and_projects_are_their_own(asked: Asked) -> None:
    given = [{"x_auth_token": f"{user}:{project}", "x_roles": "admin"} for user in "ab" for project in "pq"]
    command = "POST", "/v1/commands/CreateTrait", {"name": "CUSTOM_NEW"}
    replies = [asked(*command, idempotency_key="k", **each) for each in given]
    assert [content(reply)["result"] for reply in replies] == [True, False, False, False]
    assert not any("idempotency-replayed" in headers(reply) for reply in replies)


def test_without_a_key_each_request_is_another(asked: Asked) -> None:
    assert len({content(asked("POST", "/v1/claims", CLAIM))["consumer"] for _ in range(2)}) == 2


@pytest.mark.parametrize("key", ["\t", " ", "k\x01", "k" * 256, "\u00f6"])
def test_no_key(key: str, asked: Asked) -> None:
    head = asked.ledger.head()
    reply = asked("POST", "/v1/claims", CLAIM, idempotency_key=key)
    assert (reply.status, content(reply)["type"]) == (400, "/v1/problems/invalid")
    assert "1 to 255 printable ASCII characters" in content(reply)["detail"]
    assert asked.ledger.head() == head


def test_an_empty_key(asked: Asked) -> None:
    request = Request("DELETE", f"/v1/consumers/{JOB}", "", {"x-auth-token": "admin", "idempotency-key": ""})
    reply = asked.face.handle(request)
    assert isinstance(reply, Reply)
    assert reply.status == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/tokens", {"name": "t", "roles": ["admin"]}),
        ("/v1/tokens/rotate", {"name": "t"}),
        ("/v1/tokens/revoke", {"name": "t"}),
    ],
)
def test_tokens_take_no_key(path: str, body: Any, asked: Asked) -> None:
    reply = asked("POST", path, body, idempotency_key="k")
    assert (reply.status, asked.ledger.tokens()) == (400, [])
    assert "tokens" in content(reply)["detail"]


def test_a_key_means_nothing_where_nothing_changes(asked: Asked) -> None:
    for request in (("GET", "/v1/me"), ("POST", "/v1/find", CLAIM["request"]), ("GET", "/v1/tokens")):
        for _ in range(2):
            reply = asked(*request, idempotency_key="k")
            assert (reply.status, headers(reply).get("idempotency-replayed")) == (200, None)


@pytest.mark.parametrize("sent", [{"x_auth_token": ""}, {"x_auth_token": "ada:p"}])
def test_who_may_not_gets_no_answer_that_was_kept(sent: dict[str, str], asked: Asked) -> None:
    asked("POST", "/v1/claims", CLAIM, idempotency_key="k", x_auth_token="ada:p", x_roles="admin")
    reply = asked("POST", "/v1/claims", CLAIM, idempotency_key="k", **sent)
    assert reply.status in (401, 403)
    assert "idempotency-replayed" not in headers(reply)


def test_pages_of_other_origins_may_send_keys_and_see_what_was_replayed() -> None:
    sent = {
        "origin": "https://page",
        "access-control-request-method": "POST",
        "access-control-request-headers": "idempotency-key",
    }
    cors = Cors(frozenset({"https://page"}))
    reply = cors.preflight(Request("OPTIONS", "/v1/claims", "", sent))
    assert reply is not None
    assert headers(reply)["access-control-allow-headers"] == "idempotency-key"
    assert "idempotency-replayed" in headers(reply)["access-control-expose-headers"]


def test_a_claim_without_a_key_for_a_consumer_that_has_it(asked: Asked) -> None:
    claim = {**CLAIM, "consumer": NOBODY}
    first, second = again(asked, "POST", "/v1/claims", claim)
    assert (first.status, second.status, content(first)) == (201, 201, content(second))
    assert "idempotency-replayed" not in headers(second)
    other = asked("POST", "/v1/claims", {**claim, "user": "v"})
    assert (other.status, content(other)["type"]) == (409, "/v1/problems/consumer-generation-conflict")


def test_the_document_says_so(asked: Asked) -> None:
    document = content(asked("GET", "/v1/openapi.json"))
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        named = [each["name"] for each in operation["parameters"] if each["in"] == "header"]
        assert ("Idempotency-Key" in named, "422" in operation["responses"]) == (route.keyed, route.keyed), route.name
        answer = operation["responses"][str(route.status)]
        assert ("idempotency-replayed" in answer["headers"]) is route.keyed
    assert content(asked("GET", "/v1"))["keys"] is True


def test_a_reconciliation_is_carried_out_once(asked: Asked) -> None:
    """Sent again it finds no orphans any more, and answers what it did; with another body it is refused."""
    body = {"trees": [HOST], "alive": {OTHER: None}, "as_of": asked.ledger.head()}
    dry = content(asked("POST", "/v1/reconcile", body, idempotency_key="k"))
    assert (dry["orphans"], dry["change"]) == (1, None)
    ending = {**body, "dry_run": False, "expect": dry["digest"]}
    first, second = again(asked, "POST", "/v1/reconcile", ending, idempotency_key="k")
    assert content(first) == {**dry, "change": asked.ledger.head()}
    assert content(second) == content(first)
    assert [headers(reply).get("idempotency-replayed") for reply in (first, second)] == [None, "true"]
    head = asked.ledger.head()
    reused = asked("POST", "/v1/reconcile", {**ending, "at_most": 9}, idempotency_key="k")
    assert (reused.status, content(reused)["type"]) == (422, "/v1/problems/key-reused")
    assert asked("POST", "/v1/reconcile", ending).status == 409  # without the key the plan is outdated
    assert asked.ledger.head() == head


def test_a_refused_reconciliation_is_refused_for_good(asked: Asked) -> None:
    """Also once it could be carried out: its sender has acted on the refusal."""
    body = {"trees": [HOST], "alive": {OTHER: None}, "as_of": asked.ledger.head()}
    digest = content(asked("POST", "/v1/reconcile", body))["digest"]
    asked.ledger.release(JOB)
    ending = {**body, "dry_run": False, "expect": digest}
    first = asked("POST", "/v1/reconcile", ending, idempotency_key="k")
    assert (first.status, content(first)["type"]) == (409, "/v1/problems/plan-outdated")
    claim = Claim(consumer=JOB, allocations={HOST: {"VCPU": 1}}, project="physics", user="ada")
    asked.ledger.claim(claim)
    again_ = asked("POST", "/v1/reconcile", ending, idempotency_key="k")
    assert (again_.status, headers(again_)["idempotency-replayed"]) == (409, "true")
    assert asked.ledger.allocations(JOB) is not None
