"""Names of consumers in /v1: in paths, searched for, changed; none of another project to those who may not see it."""

from __future__ import annotations

import pytest

from tests.unit.api.v1.conftest import HOST, JOB, NOBODY, OTHER, Asked, told

MEMBER = {"x_auth_token": "ada:physics", "x_roles": "member", "x_project_id": "physics"}
NO_ROLE = {"x_auth_token": "eve:physics", "x_roles": "stranger", "x_project_id": "physics"}
ASK = {"groups": [{"resources": {"VCPU": 1}}]}


@pytest.fixture
def named(asked: Asked) -> Asked:
    """Of physics "train" and "my job", of another project another "train"."""
    asked.ledger.edit_consumer(JOB, name="train", note="for the paper")
    asked.ledger.edit_consumer(OTHER, name="train")
    body = {"request": ASK, "project": "physics", "user": "ada", "consumer": NOBODY, "name": "my job", "note": "n"}
    assert asked("POST", "/v1/claims", body).status == 201
    return asked


def test_a_name_in_a_path(named: Asked) -> None:
    path = "/v1/consumers/my job"
    found = told(named("GET", path))
    assert (found["uuid"], found["name"], found["note"]) == (NOBODY, "my job", "n")
    assert named("PATCH", path, {"name": "test"}).status == 204
    assert [told(named("GET", "/v1/consumers/test"))[key] for key in ("uuid", "note")] == [NOBODY, "n"]
    assert named("PATCH", "/v1/consumers/test", {"note": None}).status == 204
    history = told(named("GET", "/v1/consumers/test/history"))["items"]
    assert [each["operation"] for each in history] == ["EditConsumer", "EditConsumer", "Allocate"]
    assert history[0]["after"]["consumer_names"] == {NOBODY: ["test", ""]}
    hold = {"request": ASK, "project": "physics", "user": "ada", "confirm_within": 60, "replaces": "test"}
    assert named("POST", "/v1/holds", hold).status == 201
    assert named("DELETE", "/v1/consumers/test").status == 204
    assert told(named("GET", "/v1/consumers/test"))["type"] == "/v1/problems/consumer-not-found"


def test_search_and_lists(named: Asked) -> None:
    def listed(query: str) -> list[str]:
        return [each["uuid"] for each in told(named("GET", f"/v1/consumers?{query}"))["items"]]

    assert listed("name=my") == [NOBODY]
    assert listed("q=PAPER") == [JOB]
    assert listed(f"uuid={NOBODY[:8]}&project=physics&q=my") == [NOBODY]
    holders = told(named("GET", f"/v1/providers/{HOST}/holders"))["items"]
    assert {each["consumer"]: each["name"] for each in holders}[NOBODY] == "my job"


def test_several_of_one_name(named: Asked) -> None:
    before = named.ledger.head()
    for method in ("GET", "DELETE"):
        reply = named(method, "/v1/consumers/train")
        assert (reply.status, told(reply)["type"]) == (409, "/v1/problems/consumer-ambiguous")
        assert [each["uuid"] for each in told(reply)["candidates"]] == [JOB, OTHER]
    assert named("GET", "/v1/consumers/train/history").status == 409
    assert named.ledger.head() == before


def test_a_name_is_looked_for_where_the_caller_may_look(named: Asked) -> None:
    assert told(named("GET", "/v1/consumers/train", **MEMBER))["uuid"] == JOB
    assert named("PATCH", "/v1/consumers/train", {"note": "mine"}, **MEMBER).status == 204
    assert named.ledger.consumer(JOB).note == "mine"
    assert named("PATCH", f"/v1/consumers/{OTHER}", {"note": "mine"}, **MEMBER).status == 403
    named.ledger.edit_consumer(OTHER, name="secret")
    secret, nothing = (told(named("GET", f"/v1/consumers/{name}", **MEMBER)) for name in ("secret", "nothing"))
    assert {**secret, "request_id": ""} == {**nothing, "request_id": ""}
    assert secret["status"] == 403
    assert named("DELETE", "/v1/consumers/secret", **MEMBER).status == 404
    named.ledger.edit_consumer(OTHER, name="train")
    named.ledger.edit_consumer(NOBODY, name="train")
    assert named("GET", "/v1/consumers/train", **MEMBER).status == 409
    assert named("GET", "/v1/consumers/train", **NO_ROLE).status == 403, "not even that there are several"


@pytest.mark.parametrize("body", [{}, {"name": "a/b"}, {"name": ""}, {"name": JOB}, {"note": " "}, {"nam": "x"}])
def test_what_is_malformed_changes_nothing(body: dict[str, str], named: Asked) -> None:
    before = named.ledger.head()
    assert named("PATCH", f"/v1/consumers/{JOB}", body).status == 400
    assert named.ledger.head() == before
