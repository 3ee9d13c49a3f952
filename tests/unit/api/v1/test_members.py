"""A member claims and releases for its own project, sees that project, and touches no other."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.unit.api.v1.conftest import HOST, JOB, NOBODY, OTHER, Asked, told

MEMBER: Final = {"x_auth_token": "ada:physics", "x_roles": "member", "x_project_id": "physics"}
ADMIN: Final = {"x_auth_token": "admin"}
OWN: Final = {"project": "physics", "user": "ada"}
ARTS: Final = {"project": "arts", "user": "bob"}
ONE: Final = {HOST: {"VCPU": 1}}
ASK: Final = {"groups": [{"resources": {"VCPU": 1}}]}
C: Final = "/v1/commands"

REFUSED: Final[dict[str, tuple[str, str, Any]]] = {
    "a claim of another project": ("POST", "/v1/claims", {"request": ASK, **ARTS}),
    "a hold of another project": ("POST", "/v1/holds", {"request": ASK, "confirm_within": 60, **ARTS}),
    "another's consumer, as a new one": ("POST", "/v1/claims", {"request": ASK, "consumer": OTHER, **OWN}),
    "another's consumer, taken over": (
        "POST", f"{C}/SetAllocations", {"claims": [{"consumer": OTHER, "allocations": ONE, **OWN}]}),
    "the own consumer, given away": (
        "POST", f"{C}/SetAllocations", {"claims": [{"consumer": JOB, "allocations": ONE, **ARTS}]}),
    "another's beside the own": (
        "POST", f"{C}/SetAllocations", {"claims": [{"consumer": NOBODY, "allocations": ONE, **OWN},
                                                    {"consumer": OTHER, "allocations": {}, **OWN}]}),
    "a release of another's": ("DELETE", f"/v1/consumers/{OTHER}", None),
    "a release of another's, as a command": ("POST", f"{C}/ReleaseAllocations", {"consumer": OTHER}),
    "a release of another project": ("POST", f"{C}/ReleaseMatching", {"project": "arts"}),
    "a release of whoever is there": ("POST", f"{C}/ReleaseMatching", {"holders_of": HOST}),
    "a look at whoever is there": ("POST", f"{C}/ReleaseMatching", {"on": HOST, "dry_run": True}),
    "a release by uuid without the project": ("POST", f"{C}/ReleaseMatching", {"consumers": [JOB, OTHER]}),
    "a confirmation of another's": ("POST", f"{C}/Confirm", {"consumer": OTHER}),
    "more time for another's": ("POST", f"{C}/Extend", {"consumer": OTHER, "seconds": 60}),
    "undo": ("POST", "/v1/undo", {"change": 1}),
    "reconcile": ("POST", "/v1/reconcile", {"project": "physics", "alive": {NOBODY: None}, "as_of": 0}),
    "a provider": ("POST", f"{C}/CreateProvider", {"name": "n"}),
    "an inventory": ("POST", f"{C}/SetInventories", {"uuid": HOST, "inventories": {}}),
    "a trait": ("POST", f"{C}/CreateTrait", {"name": "CUSTOM_MINE"}),
    "an import": ("POST", f"{C}/PutRecords", {"records": [{"name": "n"}]}),
    "a token": ("POST", "/v1/tokens", {"name": "n", "roles": ["admin"]}),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_member_may_not_write(case: str, steady: Asked) -> None:
    head = steady.ledger.head()
    reply = steady(*REFUSED[case], **MEMBER)
    assert (reply.status, steady.ledger.head()) == (403, head), reply.body


def test_a_member_claims_confirms_and_releases(asked: Asked) -> None:
    hold = told(asked("POST", "/v1/holds", {"request": ASK, "confirm_within": 60, **OWN}, **MEMBER))["consumer"]
    assert asked("POST", f"{C}/Extend", {"consumer": hold, "seconds": 90}, **MEMBER).status == 200
    onto = told(asked("POST", "/v1/claims", {"request": ASK, **OWN}, **MEMBER))["consumer"]
    assert asked("POST", f"{C}/Confirm", {"consumer": hold, "onto": onto}, **MEMBER).status == 200
    assert told(asked("GET", f"/v1/consumers/{onto}", **MEMBER))["allocations"] == {HOST: {"VCPU": 2}}
    claim = {"consumer": JOB, "allocations": ONE, **OWN}
    assert asked("POST", f"{C}/SetAllocations", {"claims": [claim]}, **MEMBER).status == 200
    assert asked("DELETE", f"/v1/consumers/{onto}", **MEMBER).status == 204
    released = told(asked("POST", f"{C}/ReleaseMatching", {"project": "physics"}, **MEMBER))["result"]["items"]
    assert [each["consumer"] for each in released] == [JOB]
    assert [each.uuid for each in asked.ledger.consumers().items] == [OTHER]


def test_a_hold_is_not_added_to_another_s_claim(asked: Asked) -> None:
    hold = told(asked("POST", "/v1/holds", {"request": ASK, "confirm_within": 60, **OWN}, **MEMBER))["consumer"]
    refused = asked("POST", f"{C}/Confirm", {"consumer": hold, "onto": OTHER}, **MEMBER)
    assert (refused.status, asked.ledger.consumer(OTHER).allocations) == (409, {HOST: {"VCPU": 3}})


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/fleet", 200),
        (f"/v1/providers/{HOST}", 200),
        ("/v1/consumers?project=physics", 200),
        ("/v1/agenda?project=physics", 200),
        (f"/v1/consumers/{JOB}", 200),
        ("/v1/consumers?project=arts", 403),
        ("/v1/consumers", 403),
        ("/v1/agenda", 403),
        (f"/v1/consumers/{OTHER}", 403),
        (f"/v1/consumers/{JOB}/history", 403),
        (f"/v1/providers/{HOST}/holders", 403),
        (f"/v1/providers/{HOST}/history", 403),
        ("/v1/changes", 403),
        ("/v1/projects", 403),
        ("/v1/audit", 403),
        ("/v1/records", 403),
    ],
)
def test_what_a_member_sees(target: str, status: int, steady: Asked) -> None:
    reply = steady("GET", target, **MEMBER)
    assert reply.status == status, reply.body
    assert OTHER not in str(told(reply)).replace("/", " ").split()


def test_a_refusal_names_nobody_of_another_project(steady: Asked) -> None:
    """Of 8 VCPU 5 are held; a claim on that host is told how much is free, not who has the rest."""
    claim = {"consumer": NOBODY, "allocations": {HOST: {"VCPU": 8}}, **OWN}
    shown = {}
    for who in (ADMIN, MEMBER):
        reply = steady("POST", f"{C}/SetAllocations", {"claims": [claim]}, **who)
        assert reply.status == 409
        shown[who["x_auth_token"]] = OTHER in reply.body.decode()
    assert not shown["ada:physics"]


def test_another_role_lifts_the_restriction(asked: Asked) -> None:
    both = {**MEMBER, "x_roles": "member,service"}
    assert asked("DELETE", f"/v1/consumers/{OTHER}", **both).status == 204


def test_an_owner_that_is_a_member_too(asked: Asked) -> None:
    """Each role with its own restriction: claims of its project; of providers, none but its trees."""
    both = {**MEMBER, "x_roles": "member,provider-owner"}
    assert asked("POST", "/v1/claims", {"request": ASK, **OWN}, **both).status == 201
    assert asked("POST", "/v1/claims", {"request": ASK, **ARTS}, **both).status == 403
    assert asked("POST", f"{C}/SetTraits", {"uuid": HOST, "traits": []}, **both).status == 403
