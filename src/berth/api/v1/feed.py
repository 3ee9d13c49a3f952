"""The change log as a live stream of events: one follower in a process, for however many listeners.

Each listener has a place in the log and goes on from there, so nothing is missed and nothing comes twice,
whoever wrote it. What was written lately is kept here; whoever is further behind reads pages of the log.
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

LOOK_S: Final = 0.2
"""How often the follower looks for changes while somebody listens."""

HEARTBEAT_S: Final = 15.0
"""How long a stream is silent at most: proxies keep it, and a caller who may listen no more is noticed."""

KEPT: Final = 2_000
"""How many of the latest changes are kept for listeners that are close behind."""

AT_ONCE: Final = 200
"""How many changes are read, or sent, in one go."""

BEGIN: Final = b"retry: 1000\n\n"
HERE: Final = b": here\n\n"

_LOG = logging.getLogger("berth")
_encode = msgspec.json.Encoder().encode


_OF_TOKENS: Final = frozenset({"CreateToken", "RotateToken", "RevokeToken"})


class Event(NamedTuple):
    """A change as an event, in full and in brief. of_tokens: whether somebody may listen no more because of it."""

    full: bytes
    brief: bytes
    of_tokens: bool


EventForm = Callable[[Event], bytes]
"""Which of the two a listener gets."""

full: Final[EventForm] = attrgetter("full")
short: Final[EventForm] = attrgetter("brief")


class Feed:
    """Follows one ledger while somebody listens. For one event loop, of which `close` is called."""

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
        self, after: int | None, still: Callable[[], None], form: EventForm = full
    ) -> AsyncGenerator[bytes, None]:
        """Every change after this number (None: from now on) as events, until the listener or the server ends.

        still: raises HttpError when the listener may not listen any more. It is asked with each heartbeat, as often
        where changes leave no time for one, and before anything is told that comes after a change of tokens. The
        stream ends then, as it does when the log cannot be read: whoever asks anew is told why. form: of the events.
        """
        self._listeners += 1
        asked_at = 0.0  # the first thing that is told is asked for as well: much may have passed since the request
        try:
            self._begin()
            yield BEGIN
            await self._ready.wait()
            place = self._head if after is None else after
            while not self._closed:
                news = self._news
                if place > self._head:
                    place = self._head
                    yield _reset(place)
                pieces = await self._after(place)
                if not pieces and await _within(news, HEARTBEAT_S):
                    continue
                if not pieces or time.monotonic() - asked_at > HEARTBEAT_S or any(each.of_tokens for each in pieces):
                    await self._asked(still)
                    asked_at = time.monotonic()
                place += len(pieces)
                yield b"".join(map(form, pieces)) or HERE
        except (HttpError, BerthError):
            return
        finally:
            self._listeners -= 1

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._ready.set()
        self._tell()

    def _begin(self) -> None:
        if not self._closed and (self._follower is None or self._follower.done()):
            self._ready.clear()
            self._follower = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        while self._listeners and not self._closed:
            try:
                if await self._look():
                    continue
            except BerthError as error:
                _LOG.warning("the change log cannot be followed: %s: trying again", error)
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> bool:
        """Take in what is new; returns whether there was anything."""
        head = await self._asked(self._ledger.head)
        if not self._ready.is_set() or head < self._head:  # it begins, or an older backup was restored
            self._kept.clear()
            self._head = head
            self._ready.set()
            self._tell()
            return False
        if head == self._head:
            return False
        changes = await self._asked(lambda: self._ledger.changes(self._head, AT_ONCE))
        self._kept.extend(map(_event, changes))
        self._head += len(changes)
        self._tell()
        return bool(changes)

    def _tell(self) -> None:
        """Wake everybody who waits."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _after(self, place: int) -> Sequence[Event]:
        """The next events behind a place, up to the follower's own."""
        behind = self._head - place
        if behind <= len(self._kept):
            first = len(self._kept) - behind
            return list(islice(self._kept, first, first + AT_ONCE))
        changes = await self._asked(lambda: self._ledger.changes(place, min(behind, AT_ONCE)))
        return list(map(_event, changes))

    async def _asked(self, question: Callable[[], T]) -> T:
        """Its answer, from a thread that may wait for it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, question)


def _event(change: Change) -> Event:
    number = change.number
    return Event(_told(number, change), _told(number, brief_of(change)), change.operation in _OF_TOKENS)


def _told(number: int, value: Change | ChangeSummary) -> bytes:
    return b"id: %d\nevent: change\ndata: %s\n\n" % (number, _encode(value))


def _reset(head: int) -> bytes:
    """The log is shorter than the listener thinks: an older backup was restored."""
    return b'id: %d\nevent: reset\ndata: {"head":%d}\n\n' % (head, head)


async def _within(event: asyncio.Event, limit_s: float) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
