"""A reader sees what its own project holds, and learns nothing of what others do."""

from __future__ import annotations

import pytest

from berth.api.auth.policy import DEFAULT
from tests.unit.api.v1.conftest import JOB, NOBODY, OTHER, Asked, told

READER = {"x_auth_token": "ada:physics", "x_roles": "reader", "x_project_id": "physics"}


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"/v1/consumers/{JOB}", 200),
        (f"/v1/consumers/{OTHER}", 403),
        (f"/v1/consumers/{NOBODY}", 403),
        ("/v1/consumers/no-uuid", 403),
        ("/v1/consumers?project=physics", 200),
        ("/v1/consumers?project=arts", 403),
        ("/v1/consumers", 403),
        ("/v1/usages?project=physics", 200),
        ("/v1/usages?project=arts", 403),
        (f"/v1/consumers/{JOB}/history", 403),
        ("/v1/projects", 403),
        ("/v1/report?by=user&project=physics", 200),
        ("/v1/report?by=user&project=arts", 403),
        ("/v1/report", 403),
    ],
)
def test_what_a_reader_sees(target: str, status: int, steady: Asked) -> None:
    reply = steady("GET", target, **READER)
    assert reply.status == status, reply.body
    if status == 403:
        assert {JOB, OTHER, "arts"}.isdisjoint(str(told(reply)).replace("/", " ").split())


def test_everybody_may_see_who_may_do_what(steady: Asked) -> None:
    table = told(steady("GET", "/v1/policy", **READER))
    assert table["name"] == "default"
    assert table["operations"].keys() == DEFAULT.keys()
    assert "consumers.show" in table["own_project"]


def test_a_reader_learns_nothing_of_the_fleet_from_a_report(steady: Asked) -> None:
    target = "/v1/report?by=host&project=physics&class=VCPU"
    rows, whole = (told(steady("GET", target, **headers))["rows"] for headers in (READER, {}))
    assert [(each["name"], each["capacity_us"], each["share"]) for each in rows] == [("host-1", None, None)]
    assert 0 < rows[0]["held_us"] <= whole[0]["held_us"] < whole[0]["capacity_us"]
