"""Aggregates by name in /v1: named, found, and refused with similar names."""

from __future__ import annotations

from tests.unit.api.v1.conftest import HOST, RACK, Asked, told

ONE = {"VCPU": 1}
PATH = f"/v1/aggregates/{RACK}"


def test_an_aggregate_is_named_and_found_by_its_name(asked: Asked) -> None:
    named = asked("PUT", f"/v1/aggregates/{RACK.upper()}", {"name": "rack-7", "kind": "rack"})
    assert told(named) == {"result": RACK}
    assert told(asked("PUT", PATH, {"name": "rack 8"}))["result"] == RACK
    (listed,) = told(asked("GET", "/v1/aggregates"))["items"]
    assert (listed["name"], listed["label"], listed["kind"], listed["providers"]) == (RACK, "rack 8", "rack", 1)
    for path in ("/v1/providers?aggregate=rack%208", "/v1/fleet/map?aggregate=rack%208&by=hosts"):
        reply = told(asked("GET", path))
        assert [each.get("uuid") or each["id"] for each in reply.get("items") or reply["cells"]] == [HOST]
    found = told(asked("POST", "/v1/find", {"groups": [{"resources": ONE, "member_of": [["rack 8"]]}]}))
    assert (len(found["candidates"]), found["call"].endswith(f"member_of={RACK}")) == (1, True), "Placement takes uuids"
    assert told(asked("GET", f"/v1/providers/{HOST}"))["aggregate_names"] == {RACK: "rack 8"}
    assert told(asked("PUT", PATH, {"name": None}))["result"] == RACK
    assert "label" not in told(asked("GET", "/v1/aggregates"))["items"][0]


def test_what_is_refused_changes_nothing(asked: Asked) -> None:
    asked("PUT", PATH, {"name": "rack-7"})
    before = asked.ledger.head()
    taken = asked("PUT", f"/v1/aggregates/{HOST}", {"name": "rack-7"})
    assert (taken.status, told(taken)["type"]) == (409, "/v1/problems/aggregate-name-taken")
    assert (told(taken)["name"], told(taken)["uuid"]) == ("rack-7", RACK)
    request = {"groups": [{"resources": ONE, "member_of": [["rakc-7"]]}]}
    for method, path, body in (
        ("POST", "/v1/find", request),
        ("POST", "/v1/find", {**request, "explain": True}),
        ("POST", "/v1/claims", {"request": request, "project": "p", "user": "u"}),
        ("POST", "/v1/providers/query", {"member_of": [["rakc-7"]]}),
        ("GET", "/v1/providers?aggregate=rakc-7", None),
        ("GET", "/v1/fleet/map?aggregate=rakc-7", None),
        ("POST", "/v1/commands/EditAggregates", {"uuid": HOST, "add": ["rakc-7"]}),
        ("POST", "/v1/commands/SetAggregates", {"uuid": HOST, "aggregates": ["rakc-7"]}),
        ("PUT", "/v1/aggregates/rakc-7", {"name": "x"}),
    ):
        reply = asked(method, path, body)
        assert (reply.status, told(reply)["type"]) == (404, "/v1/problems/aggregate-not-found"), path
        assert told(reply)["suggestions"] == ["rack-7"]
    for body in ({"name": "a,b"}, {"name": RACK}, {"name": "x", "kind": "No Kind"}, {"kind": "rack"}):
        assert asked("PUT", PATH, body).status == 400
    assert asked.ledger.head() == before
