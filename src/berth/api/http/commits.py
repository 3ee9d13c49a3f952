"""When queued commands are carried out, and in which thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Executor, Future
from typing import Any, Final

from berth.api.http.threads import Overdue
from berth.api.http.timeouts import Timeouts
from berth.api.http.turn import Turn
from berth.ledger import Ledger

GATHERING: Final = 4
"""For how many turns of the event loop a commit waits while requests arrive."""

_LOG = logging.getLogger("berth")


class Commits:
    """Makes a ledger carry out what is queued, for one event loop.

    pool: of one thread; turn: that of the threads that compute for long; in_loop: whether to try in the event loop
    first, between two requests. That is for a database in a file, where there is nothing to wait for but the disk, and
    a claim's way through a thread would cost more than it saves.
    """

    def __init__(self, ledger: Ledger, pool: Executor, turn: Turn, *, in_loop: bool) -> None:
        self._ledger, self._pool, self._turn, self._in_loop = ledger, pool, turn, in_loop
        self._scheduled = self._more = False
        self._turns = 0
        self._lock = threading.Lock()
        self._waiting = self._running = False
        self._settled: list[asyncio.Future[None]] = []
        self._timeouts = Timeouts()

    def schedule(self) -> None:
        """Schedule the work. Not at once: commands that arrive together are carried out together, in one commit."""
        if self._scheduled:
            self._more = True
            return
        self._scheduled, self._more, self._turns = True, False, 0
        asyncio.get_running_loop().call_soon(self._work)

    def schedule_if_waiting(self) -> None:
        """Schedule the work if there is any, such as a refusal to record or the use of a token."""
        if self._ledger.waiting:
            self.schedule()

    async def carried_out(self, answer: Future[Any], limit_s: float) -> None:
        """Wait until a queued command is carried out or refused. Raise Overdue after limit_s seconds."""
        self.schedule()
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        done = loop.create_future()

        def note(_: Future[Any]) -> None:
            if threading.get_ident() == thread:
                _set_done(done)
            else:
                self._note(loop, done)

        answer.add_done_callback(note)
        late = self._timeouts.start(limit_s, lambda: _set_done(done))
        await done
        late.cancel()
        if not answer.done():
            answer.cancel()  # if no thread has begun with it
            raise Overdue

    def _note(self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
        """Wake the event loop from another thread, once for all commands that are settled until it wakes."""
        with self._lock:
            self._settled.append(done)
            first = len(self._settled) == 1
        if first:
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        with self._lock:
            settled, self._settled = self._settled, []
        for done in settled:
            _set_done(done)

    def _work(self) -> None:
        if self._more and self._turns < GATHERING:
            # More than one arrived in this turn: wait for more, since a commit costs the same for all of them.
            self._more, self._turns = False, self._turns + 1
            asyncio.get_running_loop().call_soon(self._work)
            return
        self._scheduled = False
        if not (self._in_loop and not self._running and self._try()):
            self._hand_over()

    def _try(self) -> bool:
        """Carry out in this thread what neither waits nor takes long. Return False if something is left."""
        try:
            with self._turn.held_off():
                return self._ledger.work(brief=True)
        except Exception:  # noqa: BLE001 - it is logged; the thread tries what is left
            _LOG.exception("queued commands could not be carried out")
            return False

    def _hand_over(self) -> None:
        """Make the thread carry out what is queued, unless it is about to begin with that."""
        with self._lock:
            if self._waiting:
                return
            self._waiting = self._running = True
        try:
            self._pool.submit(self._carry_out)
        except RuntimeError as error:  # the next request tries again
            _LOG.error("queued commands wait: this process can start no thread: %s", error)
            with self._lock:
                self._waiting = self._running = False

    def _carry_out(self) -> None:
        with self._lock:
            self._waiting = False  # what is queued from now on may be too late for this round
        try:
            with self._turn.held_off():
                self._ledger.work()
        except BaseException:
            _LOG.exception("queued commands could not be carried out")
            raise
        finally:
            with self._lock:
                self._running = self._waiting


def _set_done(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
