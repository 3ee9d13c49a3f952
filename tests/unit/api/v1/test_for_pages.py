"""What pages ask for: who one is and may do, marks on the map, the log in brief, and records without facts."""

from __future__ import annotations

import pytest

from berth.api.auth.policy import DEFAULT
from berth.model.commands import Claim
from tests.unit.api.v1.conftest import DISK, HOST, JOB, NOBODY, OTHER, Asked, told

READER = {"x_auth_token": "ada:physics", "x_roles": "reader", "x_project_id": "physics"}


@pytest.mark.parametrize(
    ("roles", "may", "may_not"),
    [
        ("admin", set(DEFAULT), set()),
        ("service", {"fleet.show", "allocations.put", "changes.list"}, {"audit.list", "tokens.create"}),
        ("provider-owner", {"fleet.show", "providers.create"}, {"candidates.list", "changes.list", "projects.list"}),
        ("reader", {"consumers.list", "project_usages.show", "me.show"}, {"fleet.show", "projects.list"}),
        ("", {"me.show", "policy.show"}, set(DEFAULT) - {"me.show", "policy.show"}),
    ],
)
def test_what_one_may_do(roles: str, may: set[str], may_not: set[str], steady: Asked) -> None:
    me = told(steady("GET", "/v1/me", x_auth_token="ada:physics", x_roles=roles))
    assert (me["name"], me["user"], me["project"]) == ("ada", "ada", "physics")
    assert me["roles"] == sorted(filter(None, [roles]))
    assert may <= set(me["may"]) <= set(DEFAULT) - may_not


def test_the_start_tells_whether_one_is_known(steady: Asked) -> None:
    """Without a refusal, which would stand in the audit log."""
    assert told(steady("GET", "/v1", x_auth_token=""))["caller"] == ""
    assert told(steady("GET", "/v1"))["caller"] == "admin"


@pytest.mark.parametrize(
    ("marks", "count"),
    [
        ([], 0),
        ([HOST], 1),
        ([DISK], 1),  # it is on the host
        ([HOST, DISK, HOST], 1),
        ([NOBODY], 0),
        ([NOBODY, DISK], 1),
        ([HOST.upper()], 1),
        ([HOST.replace("-", "")], 1),
    ],
)
@pytest.mark.parametrize("by", ["hosts", "names", "aggregates"])
def test_hosts_are_marked_on_the_map(by: str, marks: list[str], count: int, steady: Asked) -> None:
    target = "&".join([f"/v1/fleet/map?by={by}", *(f"mark={each}" for each in marks)])
    assert sum(cell["marked"] for cell in told(steady("GET", target))["cells"]) == count


def test_only_uuids_can_be_marked(steady: Asked) -> None:
    assert steady("GET", "/v1/fleet/map?mark=nonsense").status == 400


def test_the_log_in_brief(asked: Asked) -> None:
    """The same entries in the same order; of what each touched how many there were, and the first five."""
    uuids = [f"7a5c0000-0000-4000-8000-0000000010{number:02}" for number in range(7)]
    begun = asked.ledger.head()
    for uuid in uuids:
        asked.ledger.create_provider(f"many-{uuid}", uuid=uuid)
    asked.ledger.claim(Claim(consumer=NOBODY, allocations={HOST: {"VCPU": 1}}, project="p", user="u", type="NEW"))
    records = {"records": [{"name": f"in-{number}"} for number in range(7)]}
    assert asked("POST", "/v1/commands/PutRecords", records).status == 200
    full = told(asked("GET", f"/v1/changes?after={begun}"))["items"]
    brief = told(asked("GET", f"/v1/changes/brief?after={begun}"))["items"]
    shared = ("number", "at", "operation", "actor", "request")
    assert [[each[name] for name in shared] for each in brief] == [[each[name] for name in shared] for each in full]
    assert [each["providers"] for each in brief[:7]] == [{"count": 1, "first": [uuid]} for uuid in uuids]
    claim, import_ = brief[7:]
    assert claim["providers"] == {"count": 1, "first": [HOST]}
    assert claim["consumers"] == {"count": 1, "first": [NOBODY]}
    assert claim["names"] == {"count": 1, "first": ["NEW"]}
    assert (import_["providers"]["count"], len(import_["providers"]["first"])) == (7, 5)
    assert "facts" not in claim


def test_the_log_in_brief_goes_on(steady: Asked) -> None:
    numbers, after = [], "0"
    while after is not None:
        page = told(steady("GET", f"/v1/changes/brief?limit=3&after={after}"))
        numbers += [each["number"] for each in page["items"]]
        after = page["next"]
    assert numbers == list(range(1, steady.ledger.head() + 1))


def test_records_without_facts(steady: Asked) -> None:
    full = told(steady("GET", f"/v1/audit?provider={HOST}"))["items"]
    short = told(steady("GET", f"/v1/audit?provider={HOST}&facts=false"))["items"]
    assert any(each["after"] for each in full)
    assert [each | {"before": None, "after": None} for each in full] == short
    assert told(steady("GET", f"/v1/audit?provider={HOST}&facts=true"))["items"] == full
    assert steady("GET", "/v1/audit?facts=perhaps").status == 400


@pytest.mark.parametrize("target", ["/v1/changes/brief", "/v1/audit?facts=false", f"/v1/fleet/map?mark={HOST}"])
def test_a_reader_learns_nothing_of_it(target: str, steady: Asked) -> None:
    reply = steady("GET", target, **READER)
    assert reply.status == 403
    assert {JOB, OTHER, HOST}.isdisjoint(str(told(reply)).split())
