"""The feed: what a listener gets when the log goes on, when another history takes its place, and when it fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from berth.api.v1 import events
from berth.api.v1 import feed as feed_module
from berth.api.v1.events import short
from berth.api.v1.feed import ALIVE, BEGIN, Feed
from berth.ledger import Ledger, open_ledger
from berth.model.cursor import Cursor
from berth.model.errors import Unavailable
from berth.model.record import InventoryRecord, ProviderRecord
from berth.store import change_places

LIMIT_S = 20

Stream = AsyncGenerator[bytes, None]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as made:
        for number in range(5):
            made.create_trait(f"CUSTOM_{number}")
        yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "POLL_S", 0.01)


def with_feed(ledger: Ledger, body: Callable[[Feed], Awaitable[None]]) -> None:
    """Run a test of a feed in an event loop, for a limited time."""

    async def run() -> None:
        feed = Feed(ledger)
        try:
            async with asyncio.timeout(LIMIT_S):
                await body(feed)
        finally:
            feed.close()

    asyncio.run(run())


async def begun(stream: Stream) -> None:
    assert await anext(stream) == BEGIN


async def following(feed: Feed, stream: Stream) -> asyncio.Task[bytes]:
    """The task that waits for the next piece, once the follower is there, and knows where the log ends."""
    waiting = asyncio.ensure_future(anext(stream))
    while feed._follower is None or not feed._follower.ready.is_set():  # noqa: ASYNC110 - nothing signals that
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.02)
    return waiting


def ids(piece: bytes) -> list[int]:
    return [int(line[4:].split(b"-")[0]) for line in piece.split(b"\n") if line.startswith(b"id: ")]


def listen(feed: Feed, after: Cursor | None, **form: Any) -> Any:
    return aclosing(feed.listen(after, lambda: None, **form))


def test_a_listener_behind_gets_the_rest_and_then_what_is_new(ledger: Ledger) -> None:
    async def body(feed: Feed) -> None:
        head = ledger.head()
        async with listen(feed, Cursor(head - 2)) as stream, listen(feed, None, form=short) as now:
            await begun(stream)
            await begun(now)
            assert ids(await anext(stream)) == [head - 1, head]
            new = await following(feed, now)
            ledger.create_trait("CUSTOM_NEW")
            assert ids(await anext(stream)) == [head + 1]
            assert b'"facts"' not in await new

    with_feed(ledger, body)


def test_streams_share_the_bytes_and_nothing_is_kept_without_listeners(ledger: Ledger) -> None:
    async def body(feed: Feed) -> None:
        async with listen(feed, None) as one, listen(feed, None) as other:
            await begun(one)
            await begun(other)
            waiting = [await following(feed, each) for each in (one, other)]
            ledger.create_trait("CUSTOM_NEW")
            first, second = await asyncio.gather(*waiting)
            assert first is second
            follower = feed._follower
            assert follower is not None
            assert follower._window.size > 0
        assert feed._follower is None
        await asyncio.sleep(0)
        assert follower._task.done()

    with_feed(ledger, body)


def test_a_place_of_another_history_is_reset_and_one_of_this_is_not(ledger: Ledger) -> None:
    async def body(feed: Feed) -> None:
        end = ledger.log_reader.end()
        assert len(end.tag) == 16
        for other in (Cursor(end.number, "0" * 16), Cursor(end.number + 3), Cursor(end.number + 3, end.tag)):
            async with listen(feed, other) as stream:
                await begun(stream)
                assert await anext(stream) == b'id: %s\nevent: reset\ndata: {"head":%d}\n\n' % (
                    str(end).encode(),
                    end.number,
                )
        before = ledger.log_reader.place(end.number - 1)
        async with listen(feed, before) as stream:
            await begun(stream)
            assert ids(await anext(stream)) == [end.number]

    with_feed(ledger, body)


def test_a_listener_that_heard_more_elsewhere_waits_for_what_is_next(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(feed: Feed) -> None:
        async with listen(feed, None) as first:
            await begun(first)
            await following(feed, first)
            monkeypatch.setattr(feed_module.Follower, "_look", lambda _: None)
            ledger.create_trait("CUSTOM_A")  # of which another server has told it
            async with listen(feed, ledger.log_reader.end()) as stream:
                await begun(stream)
                waiting = await following(feed, stream)
                monkeypatch.undo()
                ledger.create_trait("CUSTOM_B")
                assert ids(await waiting) == [ledger.head()]

    with_feed(ledger, body)


def test_all_streams_are_reset_when_another_history_takes_its_place(ledger: Ledger) -> None:
    async def body(feed: Feed) -> None:
        async with listen(feed, None) as one, listen(feed, None) as other:
            await begun(one)
            await begun(other)
            waiting = [await following(feed, each) for each in (one, other)]
            ledger._writer.history_epoch = 1  # test_forked_history.py has real ones
            assert [b"event: reset" in each for each in await asyncio.gather(*waiting)] == [True, True]
            ledger.create_trait("CUSTOM_NEW")
            assert ids(await anext(one)) == [ledger.head()]

    with_feed(ledger, body)


def test_a_page_that_was_read_while_the_history_changed_is_not_sent(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = change_places.page

    def page(*given: Any) -> Any:
        read = real(*given)
        ledger._writer.history_epoch = 1  # test_forked_history.py has real ones
        return read

    async def body(feed: Feed) -> None:
        async with listen(feed, Cursor(1)) as stream:
            await begun(stream)
            monkeypatch.setattr(change_places, "page", page)
            assert b"event: reset" in await anext(stream)

    with_feed(ledger, body)


def test_a_page_that_is_read_once_another_history_is_followed_is_not_sent(ledger: Ledger) -> None:
    async def body(feed: Feed) -> None:
        real = feed._threads.reading

        async def reading(call: Callable[[], Any]) -> Any:
            follower = feed._present_follower()
            if follower.ready.is_set() and (found := await real(call)) is True:  # whether the place is in the log
                return found
            ledger._writer.history_epoch = 1  # no thread was free until the follower had noticed
            while follower.era < 2:  # noqa: ASYNC110 - nothing signals that
                await asyncio.sleep(0.01)
            return await real(call)

        feed._threads.reading = reading  # type: ignore[method-assign]
        async with listen(feed, Cursor(1)) as stream:
            await begun(stream)
            assert b"event: reset" in await anext(stream)

    with_feed(ledger, body)


def test_imports_are_kept_within_bounds_and_encoded_outside_of_the_loop(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT_BYTES", 512 * 1024)
    threads: set[str] = set()
    real = feed_module.chunk_of

    def chunk_of(*given: Any) -> Any:
        threads.add(threading.current_thread().name.rpartition("_")[0])
        return real(*given)

    monkeypatch.setattr(feed_module, "chunk_of", chunk_of)

    async def body(feed: Feed) -> None:
        head, imports = ledger.head(), 12
        async with listen(feed, None) as stream, listen(feed, Cursor(head)) as other:
            await begun(stream)
            await begun(other)
            waiting = await following(feed, stream)
            for number in range(imports):
                await asyncio.to_thread(ledger.put_records, hosts(f"host-{number}", 300))
            sizes = [len(await waiting)]
            while sum(sizes) < 1024 * 1024:
                sizes.append(len(await anext(stream)))
                assert feed._follower is not None
                assert feed._follower._window.size <= events.KEPT_BYTES
            assert max(sizes) <= events.PIECE_BYTES
            text = b""
            while len(ids(text)) < imports or not text.endswith(b"\n\n"):
                text += await anext(other)
            assert ids(text) == list(range(head + 1, head + 1 + imports)), "also those that are no longer kept"
        assert threads == {"berth-feed", "berth-follow"}

    with_feed(ledger, body)


def hosts(prefix: str, count: int) -> list[ProviderRecord]:
    stock = {"VCPU": InventoryRecord(total=64), "MEMORY_MB": InventoryRecord(total=262_144, reserved=4_096)}
    return [ProviderRecord(name=f"{prefix}-{number}", inventories=stock) for number in range(count)]


def test_a_log_that_begins_later_is_a_reset(ledger: Ledger) -> None:
    async def body(feed: Feed) -> None:
        with ledger._writer.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM changes WHERE number <= 3")
        async with listen(feed, Cursor(1)) as gone, listen(feed, Cursor(3)) as kept:
            await begun(gone)
            await begun(kept)
            assert b"event: reset" in await anext(gone)
            assert ids(await anext(kept))[0] == 4

    with_feed(ledger, body)


def test_any_failure_of_the_follower_ends_the_streams(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "berth")

    async def body(feed: Feed) -> None:
        async with listen(feed, None) as stream:
            await begun(stream)
            waiting = await following(feed, stream)
            monkeypatch.setattr(ledger, "head", broken)
            with pytest.raises(StopAsyncIteration):
                await waiting
        monkeypatch.undo()
        async with listen(feed, Cursor(0)) as stream:
            await begun(stream)
            assert ids(await anext(stream))[0] == 1

    def broken() -> int:
        raise RuntimeError("a column is missing")

    with_feed(ledger, body)
    assert "its streams end" in caplog.text


def test_an_unreachable_database_is_tried_again_for_a_time(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, failures = ledger.head, [Unavailable("away")] * 3

    def failing() -> int:
        if failures:
            raise failures.pop()
        return real()

    async def body(feed: Feed) -> None:
        async with listen(feed, None) as stream:
            await begun(stream)
            waiting = await following(feed, stream)
            monkeypatch.setattr(ledger, "head", failing)
            ledger.create_trait("CUSTOM_NEW")
            assert ids(await waiting) == [real()]
            monkeypatch.setattr(feed_module, "RETRY_FOR_S", 0.05)
            failures.extend([Unavailable("away")] * 1_000)
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    with_feed(ledger, body)
    (said,) = (each for each in caplog.records if "its streams end" in each.getMessage())
    assert (said.levelname, said.exc_info) == ("WARNING", None), "a fault of the database's, not of Berth's"


def test_a_silent_stream_has_heartbeats_and_ends_with_the_permission(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT_S", 0.05)
    checks: list[int] = []

    def recheck() -> None:
        checks.append(1)
        if len(checks) > 2:
            raise feed_module.HttpError(403, "no more")

    async def body(feed: Feed) -> None:
        async with aclosing(feed.listen(None, recheck)) as stream:
            assert [piece async for piece in stream] == [BEGIN, ALIVE, ALIVE]

    with_feed(ledger, body)
