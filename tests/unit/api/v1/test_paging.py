"""Pages: every item once, whatever their size, and whatever is written meanwhile."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from berth.model.commands import Claim, SetAllocations
from tests.unit.api.v1.conftest import HOST, JOB, OTHER, Asked, told

PLACES = 30
SMALL = "7a5c0000-0000-4000-8000-000000000050"


def crowded(asked: Asked) -> list[str]:
    """Consumers of several projects on one provider; returns their uuids."""
    asked.ledger.create_provider("small", uuid=SMALL)
    asked("POST", "/v1/commands/SetInventories", {"uuid": SMALL, "inventories": {"PCPU": {"total": 1000}}})
    uuids = [f"7a5c0000-0000-4000-8000-{number:012x}" for number in range(0x1000, 0x1000 + PLACES)]
    for number, uuid in enumerate(uuids):
        held = {SMALL: {"PCPU": number % 7 + 1}}
        claim = Claim(consumer=uuid, allocations=held, project=f"project-{number % 4}", user="u")
        asked.ledger.queue(SetAllocations(claims=(claim,)))
    asked.ledger.work()
    return uuids


def pages(asked: Asked, target: str, limit: int) -> list[Any]:
    """Everything, a page at a time."""
    found: list[Any] = []
    after = ""
    while True:
        page = told(asked("GET", f"{target}limit={limit}{after}"))
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        after = f"&after={quote(page['next'])}"


@pytest.mark.parametrize("limit", [1, 4, 29, 30, 31])
@pytest.mark.parametrize(
    "target",
    [
        "/v1/consumers?class=PCPU&",
        f"/v1/consumers?provider={SMALL}&order=oldest&",
        "/v1/consumers?class=PCPU&order=largest&",
        f"/v1/providers/{SMALL}/holders?",
    ],
)
def test_every_item_comes_once(target: str, limit: int, asked: Asked) -> None:
    uuids = crowded(asked)
    found = [item.get("uuid") or item["consumer"] for item in pages(asked, target, limit)]
    assert sorted(found) == uuids


def test_in_the_order_that_was_asked_for(asked: Asked) -> None:
    uuids = crowded(asked)
    largest = pages(asked, "/v1/consumers?class=PCPU&order=largest&", 7)
    amounts = [item["resources"]["PCPU"] for item in largest]
    assert amounts == sorted(amounts, reverse=True)
    oldest = pages(asked, f"/v1/consumers?provider={SMALL}&order=oldest&", 7)
    assert [item["uuid"] for item in oldest] == uuids


def test_what_is_there_all_the_time_is_not_missed_while_others_come_and_go(asked: Asked) -> None:
    uuids = crowded(asked)
    found, after = [], ""
    for number in range(PLACES):
        page = told(asked("GET", f"/v1/consumers?class=PCPU&limit=3{after}"))
        found += [item["uuid"] for item in page["items"]]
        new = f"7a5c0000-0000-4000-8000-{0x1000 - 1 - number:012x}"
        asked.ledger.claim(Claim(consumer=new, allocations={SMALL: {"PCPU": 1}}, project="new", user="u"))
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [uuid for uuid in found if uuid in uuids] == uuids


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_projects(limit: int, asked: Asked) -> None:
    crowded(asked)
    found = {item["project"]: item for item in pages(asked, "/v1/projects?", limit)}
    assert list(found) == ["arts", "physics", *(f"project-{number}" for number in range(4))]
    assert found["physics"] == {
        "project": "physics",
        "consumers": 1,
        "resources": {"VCPU": 2, "DISK_GB": 10},
        "by_type": {"JOB": {"consumers": 1, "resources": {"VCPU": 2, "DISK_GB": 10}}},
    }
    assert found["arts"]["by_type"] == {"unknown": {"consumers": 1, "resources": {"VCPU": 3}}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [JOB, OTHER]),
        ("project=physics", [JOB]),
        ("user=bob", [OTHER]),
        ("project=physics&user=bob", []),
        ("type=JOB", [JOB]),
        ("type=unknown", [OTHER]),
        ("type=NEVER_SEEN", []),
        (f"provider={HOST}", [JOB, OTHER]),
        (f"provider={HOST}&class=DISK_GB", []),
        ("class=DISK_GB", [JOB]),
        ("class=VCPU&order=largest", [OTHER, JOB]),
        ("class=VCPU&order=largest&type=JOB", [JOB]),
    ],
)
def test_which_consumers(query: str, expected: list[str], steady: Asked) -> None:
    assert [item["uuid"] for item in told(steady("GET", f"/v1/consumers?{query}"))["items"]] == expected


def test_a_tag_ends_with_the_next_change(asked: Asked) -> None:
    tag = dict(asked("GET", "/v1/consumers").headers)["etag"]
    assert asked("GET", "/v1/consumers?limit=1", if_none_match=tag).status == 200
    asked.ledger.release(JOB)
    assert asked("GET", "/v1/consumers", if_none_match=tag).status == 200
