"""The change log as a live stream of events: one follower in a process, for any number of listeners.

Each listener has a position in the log and continues from there, so that it misses no change and gets none twice.
The latest changes are kept in memory; listeners that are further behind read pages of the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

import msgspec

from berth.api.http.messages import HttpError
from berth.ledger import Ledger
from berth.model.change import Change
from berth.model.change_summary import ChangeSummary, brief_of
from berth.model.errors import BerthError

T = TypeVar("T")

EVENTS: Final = "text/event-stream"

POLL_S: Final = 0.2
"""How often the follower polls for changes while there are listeners."""

HEARTBEAT_S: Final = 15.0
"""The longest silence of a stream, so that proxies keep it open, and a caller whose permission ended is noticed."""

KEPT: Final = 2_000
"""How many of the latest changes are kept in memory."""

AT_ONCE: Final = 200
"""How many changes are read or sent at once."""

BEGIN: Final = b"retry: 1000\n\n"
ALIVE: Final = b": here\n\n"

_LOG = logging.getLogger("berth")
_encode = msgspec.json.Encoder().encode


_OF_TOKENS: Final = frozenset({"CreateToken", "RotateToken", "RevokeToken"})


class Event(NamedTuple):
    """A change as an event, in full and in brief. of_tokens: whether it may end the permission of a listener."""

    full: bytes
    brief: bytes
    of_tokens: bool


EventForm = Callable[[Event], bytes]
"""Returns one of an event's two forms."""

full: Final[EventForm] = attrgetter("full")
short: Final[EventForm] = attrgetter("brief")


class Feed:
    """Follows one ledger while there are listeners. For one event loop, in which `close` is called."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._threads = ThreadPoolExecutor(2, "berth-feed")
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._head = 0
        self._ready = asyncio.Event()
        self._news = asyncio.Event()
        self._listeners = 0
        self._follower: asyncio.Task[None] | None = None
        self._closed = False

    async def listen(
        self, after: int | None, recheck: Callable[[], None], form: EventForm = full
    ) -> AsyncGenerator[bytes, None]:
        """Yield every change after this number (None: from now on) as events, until the listener or the server ends.

        recheck: raises HttpError if the caller may not listen any more. Called with each heartbeat, at least as often
        while there are changes, and before anything is sent after a change of tokens. The stream ends then, or if
        the log cannot be read; a new request gets the reason. form: of the events.
        """
        self._listeners += 1
        checked_at = 0.0  # before the first event too: much time may have passed since the request
        try:
            self._start_follower()
            yield BEGIN
            await self._ready.wait()
            position = self._head if after is None else after
            while not self._closed:
                news = self._news
                if position > self._head:
                    position = self._head
                    yield _reset(position)
                pieces = await self._after(position)
                if not pieces and await _within(news, HEARTBEAT_S):
                    continue
                if not pieces or time.monotonic() - checked_at > HEARTBEAT_S or any(each.of_tokens for each in pieces):
                    await self._in_thread(recheck)
                    checked_at = time.monotonic()
                position += len(pieces)
                yield b"".join(map(form, pieces)) or ALIVE
        except (HttpError, BerthError):
            return
        finally:
            self._listeners -= 1

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._ready.set()
        self._wake_listeners()

    def _start_follower(self) -> None:
        if not self._closed and (self._follower is None or self._follower.done()):
            self._ready.clear()
            self._follower = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        while self._listeners and not self._closed:
            try:
                if await self._poll():
                    continue
            except BerthError as error:
                _LOG.warning("the change log cannot be followed: %s: trying again", error)
            await asyncio.sleep(POLL_S)

    async def _poll(self) -> bool:
        """Read new changes; return whether there were any."""
        head = await self._in_thread(self._ledger.head)
        if not self._ready.is_set() or head < self._head:  # the follower starts, or an older backup was restored
            self._kept.clear()
            self._head = head
            self._ready.set()
            self._wake_listeners()
            return False
        if head == self._head:
            return False
        changes = await self._in_thread(lambda: self._ledger.changes(self._head, AT_ONCE))
        self._kept.extend(map(_event, changes))
        self._head += len(changes)
        self._wake_listeners()
        return bool(changes)

    def _wake_listeners(self) -> None:
        """Wake all waiting listeners."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _after(self, position: int) -> Sequence[Event]:
        """Return the next events after a position, up to the follower's own."""
        behind = self._head - position
        if behind <= len(self._kept):
            first = len(self._kept) - behind
            return list(islice(self._kept, first, first + AT_ONCE))
        changes = await self._in_thread(lambda: self._ledger.changes(position, min(behind, AT_ONCE)))
        return list(map(_event, changes))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """Return the result of a call that may wait for the database, from a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _event(change: Change) -> Event:
    number = change.number
    return Event(_encoded(number, change), _encoded(number, brief_of(change)), change.operation in _OF_TOKENS)


def _encoded(number: int, value: Change | ChangeSummary) -> bytes:
    return b"id: %d\nevent: change\ndata: %s\n\n" % (number, _encode(value))


def _reset(head: int) -> bytes:
    """Return the event for a log that is shorter than the listener's position: an older backup was restored."""
    return b'id: %d\nevent: reset\ndata: {"head":%d}\n\n' % (head, head)


async def _within(event: asyncio.Event, limit_s: float) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
