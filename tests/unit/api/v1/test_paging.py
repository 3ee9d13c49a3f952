"""Pages: every item once, whatever their size, and whatever is written meanwhile."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

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


def test_a_consumer_that_changes_is_not_shown_twice(asked: Asked) -> None:
    uuids = crowded(asked)
    first = told(asked("GET", f"/v1/consumers?provider={SMALL}&order=oldest&limit=10"))
    shown, rest = [item["uuid"] for item in first["items"]], []
    for uuid in (shown[0], uuids[-1]):  # one that was shown, and one that was not
        asked.ledger.claim(Claim(consumer=uuid, allocations={SMALL: {"PCPU": 1}}, project="other", user="u"))
    after = first["next"]
    while after:
        page = told(asked("GET", f"/v1/consumers?provider={SMALL}&order=oldest&limit=10&after={quote(after)}"))
        rest += [item["uuid"] for item in page["items"]]
        after = page["next"]
    assert shown + rest == uuids


CURSORS = {
    "uuid": "7a5c0000-0000-4000-8000-000000000001",
    "oldest": "oldest.7",
    "largest": "largest.{place}.7.7a5c0000-0000-4000-8000-000000000001",
    "holders": "7",
    "nonsense": "zzz",
    "a half": "largest.{place}.7",
    "another half": "oldest.",
    "no uuid": "largest.{place}.7.x",
    "no moment": "largest.7.7a5c0000-0000-4000-8000-000000000001",
    "another history": "largest.3-0123456789abcdef.7.7a5c0000-0000-4000-8000-000000000001",
}


@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize("order", ["uuid", "oldest", "largest", "holders"])
def test_a_cursor_is_of_one_order(order: str, cursor: str, steady: Asked) -> None:
    target = f"/v1/providers/{HOST}/holders?" if order == "holders" else f"/v1/consumers?class=VCPU&order={order}&"
    end = steady.ledger.known_position
    after = CURSORS[cursor].format(place=f"{end.audit_number}-{end.tag}")
    reply = steady("GET", f"{target}after={quote(after)}")
    assert reply.status == (200 if order == cursor else 400)


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


def test_changes_that_are_gone(asked: Asked) -> None:
    with asked.ledger._writer.database.writing() as connection:
        connection.execute(text("DELETE FROM changes WHERE number < 4"))
    for path in ("/v1/changes", "/v1/changes/brief"):
        reply = asked("GET", f"{path}?after=2")
        assert (reply.status, told(reply)["type"], told(reply)["first"]) == (410, "/v1/problems/changes-gone", 4)
        assert told(asked("GET", f"{path}?limit=1"))["items"][0]["number"] == 4


@pytest.mark.parametrize("target", [f"/v1/providers/{HOST}/history?", "/v1/audit?"])
def test_a_page_that_is_just_full_is_the_last(target: str, steady: Asked) -> None:
    """No "Show more" that shows nothing more."""
    all_of_it = told(steady("GET", f"{target}limit=1000"))["items"]
    page = told(steady("GET", f"{target}limit={len(all_of_it)}"))
    assert (page["items"], page["next"]) == (all_of_it, None)
    assert pages(steady, target, 1) == all_of_it
    shorter = told(steady("GET", f"{target}limit={len(all_of_it) - 1}"))
    assert len(told(steady("GET", f"{target}after={shorter['next']}"))["items"]) == 1
