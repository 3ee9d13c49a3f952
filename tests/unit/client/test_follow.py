"""The change log as a stream: resumed where it stopped."""

from __future__ import annotations

import itertools

import httpx
import msgspec
import pytest

from berth.client import change_feed
from berth.client import follow as follow_module
from berth.client.follow import follow
from berth.model import errors
from berth.model.change import Change, Facts
from tests.unit.client.replies import problem, transport_to


def change(number: int) -> Change:
    return Change(number, 1, "CreateTrait", "ada", "req-1", Facts())


def stream(*changes: Change) -> httpx.Response:
    events = [b": heartbeat\n\n", b"event: other\ndata: {}\n\n"]
    events += [b"id: %d\nevent: change\ndata: %s\n\n" % (each.number, msgspec.json.encode(each)) for each in changes]
    return httpx.Response(200, content=b"".join(events), headers={"content-type": "text/event-stream"})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module.time, "sleep", lambda _: None)


def test_a_lost_connection_is_resumed_after_the_last_change() -> None:
    asked_after: list[str] = []
    replies = iter(
        [stream(change(4), change(5)), httpx.ReadError("lost"), problem(503, "unavailable", "x"), stream(change(6))]
    )

    def server(request: httpx.Request) -> httpx.Response:
        asked_after.append(request.headers["last-event-id"])
        reply = next(replies)
        if isinstance(reply, Exception):
            raise reply
        return reply

    followed = list(itertools.islice(follow(transport_to(server), 3), 3))
    assert [each.number for each in followed] == [4, 5, 6]
    assert asked_after == ["3", "5", "5", "5"]


def test_the_place_is_the_id_of_the_last_event_with_the_tag_of_its_history() -> None:
    asked_after: list[str] = []
    data = msgspec.json.encode(change(4))
    body = b"id: 4-0123456789abcdef\nevent: change\ndata: %s\n\n" % data

    def server(request: httpx.Request) -> httpx.Response:
        asked_after.append(request.headers["last-event-id"])
        if asked_after[1:]:
            return httpx.Response(200, content=b'id: 2-fedcba9876543210\nevent: reset\ndata: {"head":2}\n\n')
        return httpx.Response(200, content=body)

    followed = follow(transport_to(server), 3)
    assert next(followed) == change(4)
    with pytest.raises(errors.LogReset) as caught:
        next(followed)
    assert caught.value.head == 2
    assert asked_after == ["3", "4-0123456789abcdef"]


def test_a_refusal_ends_it() -> None:
    with pytest.raises(errors.Forbidden):
        next(follow(transport_to(lambda _: problem(403, "forbidden", "no")), 0))


def test_a_server_that_stays_unreachable_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 50)
    monkeypatch.setattr(change_feed.time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(errors.Unavailable, match="can no longer be reached"):
        next(follow(transport_to(lambda _: problem(503, "unavailable", "x")), 0))
