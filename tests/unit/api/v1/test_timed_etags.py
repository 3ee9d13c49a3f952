"""Answers that change with time alone: no 304 for what is over or says how long something still counts."""

from __future__ import annotations

import pytest

from berth.model.commands import Claim
from berth.model.term import Term
from tests.support.hold_ledger import FakeClock
from tests.unit.api.v1.conftest import HOST, JOB, NOBODY, Asked, header, told

HOLD = "7a5c0000-0000-4000-8000-0000000000b3"
ENDING = Term(confirm_within=60)
TIMED = ["/v1/consumers", f"/v1/consumers/{JOB}", f"/v1/providers/{HOST}/holders", "/v1/consumers?due=30"]
OTHERS = ["/v1/fleet", "/v1/fleet/map", f"/v1/providers/{HOST}", f"/v1/providers/{HOST}/usages", "/v1/projects"]


@pytest.fixture
def clock(asked: Asked) -> FakeClock:
    """Return the clock of the ledger."""
    clock = FakeClock()
    asked.ledger._writer.time.use(clock)
    return clock


def statuses(asked: Asked, tags: dict[str, str]) -> dict[str, int]:
    """Return the status of each answer for a client that has one already."""
    return {path: asked("GET", path, if_none_match=tag).status for path, tag in tags.items()}


def test_nothing_is_computed_again_while_no_claim_ends(asked: Asked, clock: FakeClock) -> None:
    tags = {path: header(asked("GET", path), "etag") or "" for path in (*TIMED, *OTHERS)}
    clock.go_on(3600)
    assert set(statuses(asked, tags).values()) == {304}
    assert all("-" in tag for tag in tags.values()), "tags of a position, which need no answer"


def test_answers_follow_the_clock_without_a_write(asked: Asked, clock: FakeClock) -> None:
    asked.ledger.claim(
        Claim(consumer=HOLD, allocations={HOST: {"VCPU": 1}}, project="physics", user="ada", term=ENDING)
    )
    before, head = {path: asked("GET", path) for path in (*TIMED, *OTHERS)}, asked.ledger.head()
    tags = {path: header(reply, "etag") or "" for path, reply in before.items()}
    assert set(statuses(asked, tags).values()) == {304}, "nothing has happened"
    clock.go_on(31)  # what says how long it counts has changed; /v1/consumers?due=30 has it now
    changed = statuses(asked, tags)
    assert [path for path, status in changed.items() if status == 200] == [TIMED[0], TIMED[2], TIMED[3]]
    listed = told(asked("GET", TIMED[3]))["items"]
    assert [(each["uuid"], each["state"], each["expires_in"]) for each in listed] == [(HOLD, "pending", 29)]
    clock.go_on(29)  # it lapses, and nothing sweeps
    assert set(statuses(asked, {path: tags[path] for path in (*OTHERS, TIMED[0], TIMED[2])}).values()) == {200}
    assert asked.ledger.head() == head


@pytest.mark.parametrize("query", ["state=ahead", "state=x", "due=-1", "due=1.5", "due=9223372036854775808", "due="])
def test_filters_that_make_no_sense_are_refused(query: str, asked: Asked) -> None:
    assert asked("GET", f"/v1/consumers?{query}").status == 400


def test_a_consumer_that_is_over_says_why(asked: Asked, clock: FakeClock) -> None:
    asked.ledger.claim(Claim(consumer=HOLD, allocations={HOST: {"VCPU": 1}}, project="p", user="u", term=ENDING))
    clock.go_on(60)
    at = asked.ledger._writer.time.own()
    for reply in (
        asked("GET", f"/v1/consumers/{HOLD}"),
        asked("DELETE", f"/v1/consumers/{HOLD}"),
        asked("POST", "/v1/commands/ReleaseAllocations", {"consumer": HOLD}),
    ):
        problem = told(reply)
        assert (reply.status, problem["type"]) == (404, "/v1/problems/allocations-not-found")
        assert problem["ended"] == {"why": "lapsed", "at": at}
    assert told(asked("GET", f"/v1/consumers/{NOBODY}"))["ended"] is None
