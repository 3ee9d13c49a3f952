"""Who holds the most, and who holds what of a host and of what is below it."""

from __future__ import annotations

from typing import Any

import pytest

from berth.ledger.queries import summaries
from berth.model.commands import Claim
from berth.model.term import Term
from tests.unit.api.v1.conftest import DISK, HOST, JOB, NOBODY, OTHER, Asked, told


def test_who_holds_the_most(asked: Asked) -> None:
    ada = {"project": "physics", "user": "ada"}
    asked.ledger.claim(Claim(consumer=NOBODY, allocations={HOST: {"VCPU": 2}}, **ada))
    users = told(asked("GET", "/v1/users?class=VCPU"))["items"]
    assert users == [
        {**ada, "consumers": 2, "amount": 4},
        {"project": "arts", "user": "bob", "consumers": 1, "amount": 3},
    ]
    assert told(asked("GET", "/v1/users?class=VCPU&limit=1"))["items"] == users[:1]
    assert told(asked("GET", "/v1/users?class=CUSTOM_SLOT"))["items"] == []
    assert asked("GET", "/v1/users?class=CUSTOM_NONE").status == 404


def held(page: Any) -> list[tuple[str, str, dict[str, int]]]:
    return [(each["name"], each["consumer"], each["resources"]) for each in page["items"]]


def test_who_holds_what_of_a_host(asked: Asked) -> None:
    asked.ledger.claim(
        Claim(consumer=NOBODY, allocations={DISK: {"DISK_GB": 5}}, project="p", user="u", term=Term(lasts=3600))
    )
    page = told(asked("GET", f"/v1/providers/{HOST}/holdings"))
    assert held(page) == [
        ("host-1", JOB, {"VCPU": 2}),
        ("disk-1", JOB, {"DISK_GB": 10}),
        ("host-1", OTHER, {"VCPU": 3}),
        ("disk-1", NOBODY, {"DISK_GB": 5}),
    ]
    assert (page["items"][-1]["expires_in"], page["items"][0]["expires_in"]) == (3600, None)
    first = told(asked("GET", f"/v1/providers/{HOST}/holdings?limit=1"))
    assert held(first) == held(page)[:2]
    rest = told(asked("GET", f"/v1/providers/{HOST}/holdings?limit=9&after={first['next']}"))
    assert (held(rest), rest["next"]) == (held(page)[2:], None)
    assert held(told(asked("GET", "/v1/providers/disk-1/holdings"))) == [held(page)[1], held(page)[3]]


def test_what_is_refused(steady: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    assert steady("GET", f"/v1/providers/{HOST}/holdings?after=x").status == 400
    assert steady("GET", f"/v1/providers/{NOBODY}/holdings").status == 404
    monkeypatch.setattr(summaries, "MOST_PROVIDERS", 1)
    reply = steady("GET", f"/v1/providers/{HOST}/holdings")
    assert (reply.status, "2 providers are below" in told(reply)["detail"]) == (400, True)


def test_claims_that_were_refused_lately(asked: Asked) -> None:
    """With who asked for how much, and why; only those of a project for who may see no other."""
    ada, bob = {"project": "physics", "user": "ada"}, {"project": "arts", "user": "bob"}
    groups = [{"resources": {"VCPU": 9}}, {"suffix": "_A", "resources": {"VCPU": 1, "DISK_GB": 2}}]
    assert asked("POST", "/v1/claims", {"request": {"groups": groups}, **ada}).status == 409
    claim = {"consumer": NOBODY, "allocations": {HOST: {"VCPU": 7}, DISK: {"DISK_GB": 1}}, **bob}
    assert asked("POST", "/v1/commands/SetAllocations", {"claims": [claim]}).status == 409
    assert asked("DELETE", f"/v1/consumers/{NOBODY}").status == 404
    found = told(asked("GET", "/v1/claims/refused"))
    assert found["count"] == 2
    assert [(each["user"], each["asked"]) for each in found["items"]] == [
        ("bob", {"VCPU": 7, "DISK_GB": 1}),
        ("ada", {"VCPU": 10, "DISK_GB": 2}),
    ]
    assert HOST in found["items"][0]["why"]
    assert found["items"][1]["why"] == "Nothing fits."
    assert told(asked("GET", "/v1/claims/refused?limit=1"))["items"] == found["items"][:1]
    reader = {"x_auth_token": "ada:physics", "x_roles": "reader", "x_project_id": "physics"}
    own = told(asked("GET", "/v1/claims/refused?project=physics", **reader))
    assert (own["items"], own["count"]) == (found["items"][1:], 1)
    assert asked("GET", "/v1/claims/refused", **reader).status == 403
