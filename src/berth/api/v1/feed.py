"""The change log as a live stream of events: one follower in a process, for any number of listeners.

Each listener has a place in the log and continues from there, so that it misses no change and gets none twice.
The latest events are kept in memory while there are listeners; those that are further behind read pages of the log.
If the log does not continue where a listener is, because another history took its place or because its beginning was
archived, the listener gets the event `reset`, and continues from the end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Final, TypeVar

from berth.api.http.messages import HttpError
from berth.api.v1.events import PIECE_BYTES, Chunk, EventForm, Window, chunk_of, full, reset_event
from berth.ledger import Ledger
from berth.model.cursor import Cursor
from berth.model.errors import BerthError, LogReset, Unavailable

T = TypeVar("T")

EVENTS: Final = "text/event-stream"

POLL_S: Final = 0.2
"""How often the follower polls for changes while there are listeners."""

HEARTBEAT_S: Final = 15.0
"""The longest silence of a stream, so that proxies keep it open, and a caller whose permission ended is noticed."""

RETRY_FOR_S: Final = 10.0
"""How long an unreachable database is tried again before all streams end: less than the longest silence."""

AT_ONCE: Final = 200
"""How many changes are read at once."""

BEGIN: Final = b"retry: 1000\n\n"
ALIVE: Final = b": here\n\n"

_LOG = logging.getLogger("berth")


class Follower:
    """Follows the log from its end on, until it ends itself or is ended. era: the number of resets so far."""

    def __init__(self, ledger: Ledger, threads: _Threads) -> None:
        self.end, self.era, self.over = Cursor(0), 0, False
        self.ready, self.news = asyncio.Event(), asyncio.Event()
        self._ledger, self._log, self._threads = ledger, ledger.log_reader, threads
        self._window, self._epoch = Window(), ledger.history_epoch
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def stop(self) -> None:
        """End, and all streams with it."""
        self._task.cancel()
        self._finish()

    async def has(self, place: Cursor) -> bool:
        """Whether a place is in this log."""
        return await self._threads.reading(lambda: self._log.has(place))

    async def chunk_after(self, number: int) -> Chunk:
        """Return a chunk with the next change, up to the follower's end: kept, or read. Raises LogReset."""
        kept = self._window.chunk_with(number + 1)
        most, epoch = self.end.number - number, self._epoch  # by when a thread reads, another history may be followed
        return kept if kept is not None else await self._threads.reading(lambda: self._read(number, epoch, most))

    async def _follow(self) -> None:
        failing_since: float | None = None
        try:
            while not self.over:
                try:
                    found = await self._poll()
                    failing_since = None
                except Unavailable as error:
                    found, failing_since = False, failing_since or time.monotonic()
                    if time.monotonic() - failing_since > RETRY_FOR_S:
                        _LOG.warning("the change log cannot be followed: %s: its streams end", error)
                        return
                    _LOG.info("the change log cannot be followed: %s: trying again", error)
                if not found:
                    await asyncio.sleep(POLL_S)
        except Exception:  # noqa: BLE001 - no stream may wait in silence for events that never come
            _LOG.exception("the change log cannot be followed: its streams end")
        finally:
            self._finish()

    async def _poll(self) -> bool:
        """Take in new changes; return whether there were any."""
        if not self.ready.is_set():
            await self._restart()
            return False
        try:
            chunk = await self._threads.following(self._look)
        except LogReset:
            await self._restart()
            return False
        if chunk is not None:
            self._window.append(chunk)
            self.end = chunk.end
            self._wake()
        return chunk is not None

    async def _restart(self) -> None:
        """Begin at the present end of the log."""
        self._window.clear()
        self.end, self._epoch = await self._threads.following(self._log_end)
        self.era += 1
        self.ready.set()
        self._wake()

    def _log_end(self) -> tuple[Cursor, int]:
        """Return the end of the log, and the epoch that it is of. Runs in a thread."""
        while True:
            epoch = self._ledger.history_epoch
            end = self._log.end()
            if self._ledger.history_epoch == epoch:
                return end, epoch

    def _look(self) -> Chunk | None:
        """Return the next changes as events, or None if there are none. Raises LogReset. Runs in a thread."""
        head = self._ledger.head()
        if head < self.end.number or self._ledger.history_epoch != self._epoch:
            raise LogReset(head)
        return None if head == self.end.number else self._read(self.end.number, self._epoch)

    def _read(self, number: int, epoch: int, most: int = AT_ONCE) -> Chunk:
        """Return the changes after this number, of which there are some, as events. Raises LogReset."""
        return chunk_of(self._log.page(number, epoch, min(most, AT_ONCE), PIECE_BYTES))

    def _finish(self) -> None:
        self.over = True
        self.ready.set()
        self._wake()

    def _wake(self) -> None:
        """Wake all waiting listeners."""
        news, self.news = self.news, asyncio.Event()
        news.set()


class Feed:
    """Streams of one ledger's change log. For one event loop, in which `close` is called."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._threads = ledger, _Threads()
        self._follower: Follower | None = None
        self._listeners = 0
        self._closed = False

    async def listen(
        self, after: Cursor | None, recheck: Callable[[], None], form: EventForm = full
    ) -> AsyncGenerator[bytes, None]:
        """Yield every change after this place (None: from now on) as events, until the listener or the server ends.

        recheck: raises HttpError if the caller may not listen any more. Called with each heartbeat, at least as often
        while there are changes, and before anything is sent after a change of tokens. The stream ends then, or if
        the log cannot be read; a new request gets the reason. form: of the events.
        """
        self._listeners += 1
        try:
            yield BEGIN
            if not self._closed:
                listener = _Listener(self._present_follower(), recheck, form, self._threads)
                async with aclosing(listener.listen(after)) as pieces:
                    async for piece in pieces:
                        yield piece
        except (HttpError, BerthError):
            return
        except Exception:  # noqa: BLE001 - it is logged; the client connects again
            _LOG.exception("a stream of the change log failed")
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._stop_following()

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._stop_following()

    def _present_follower(self) -> Follower:
        if self._follower is None or self._follower.over:
            self._follower = Follower(self._ledger, self._threads)
        return self._follower

    def _stop_following(self) -> None:
        """Stop the follower, and drop the events that it kept."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None


class _Listener:
    """One stream."""

    def __init__(self, follower: Follower, recheck: Callable[[], None], form: EventForm, threads: _Threads) -> None:
        self._follower, self._recheck, self._form, self._threads = follower, recheck, form, threads
        self._checked_at = 0.0  # before the first event too: much time may have passed since the request

    async def listen(self, after: Cursor | None) -> AsyncGenerator[bytes, None]:
        """Yield pieces of events, after this place or from now on. Raises HttpError, BerthError."""
        follower = self._follower
        await follower.ready.wait()
        era, position = follower.era, follower.end.number if after is None else after.number
        in_log = after is None or await follower.has(after)
        while not follower.over:
            news = follower.news
            if not in_log or era != follower.era:
                in_log, era, position = True, follower.era, follower.end.number
                yield reset_event(follower.end)
            elif position < follower.end.number:
                try:
                    chunk = await follower.chunk_after(position)
                except LogReset:
                    in_log = False
                    continue
                async for piece in self._pieces(chunk, position + 1 - chunk.first):
                    yield piece
                position = chunk.end.number
            elif not await _within(news, HEARTBEAT_S):
                await self._check()
                yield ALIVE

    async def _check(self) -> None:
        await self._threads.reading(self._recheck)
        self._checked_at = time.monotonic()

    async def _pieces(self, chunk: Chunk, skipped: int) -> AsyncGenerator[bytes, None]:
        if chunk.of_tokens or time.monotonic() - self._checked_at > HEARTBEAT_S:
            await self._check()
        for piece in self._form(chunk).after(skipped):
            yield piece


class _Threads:
    """Threads for what may wait for the database: one for the follower, so that no listener delays all others."""

    def __init__(self) -> None:
        self._reading = ThreadPoolExecutor(2, "berth-feed")
        self._following = ThreadPoolExecutor(1, "berth-follow")

    async def reading(self, call: Callable[[], T]) -> T:
        """Return the result of a call for one listener."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, call)

    async def following(self, call: Callable[[], T]) -> T:
        """Return the result of a call for the follower."""
        return await asyncio.get_running_loop().run_in_executor(self._following, call)


async def _within(event: asyncio.Event, limit_s: float) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
