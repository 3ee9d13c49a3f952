"""Timeouts of which almost none ends: all of one length, with one timer of the event loop for the oldest.

A timer of the event loop for each would be the dearest part of a short wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Timeout:
    """One wait. at: when it ends, by the event loop's clock; callback: called then, None once it is cancelled."""

    __slots__ = ("at", "callback")

    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """End the wait without a call."""
        self.callback = None


class Timeouts:
    """Waits of which most begin and end one after the other. For one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[Timeout] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float, callback: Callable[[], None]) -> Timeout:
        """Begin a wait, which calls back when it ends."""
        loop, waiting = asyncio.get_running_loop(), self._waiting
        while waiting and waiting[0].callback is None:
            waiting.popleft()
        timeout = Timeout(loop.time() + seconds, callback)
        waiting.append(timeout)
        if self._timer is None or timeout.at < self._timer.when():
            self._schedule(timeout.at)
        return timeout

    def _schedule(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._end)

    def _end(self) -> None:
        """Call back for what is over, and wait for the first of the rest."""
        now, self._timer = asyncio.get_running_loop().time(), None
        over = [each for each in self._waiting if each.at <= now]
        self._waiting = deque(each for each in self._waiting if each.callback is not None and each.at > now)
        if self._waiting:
            self._schedule(min(each.at for each in self._waiting))
        for each in over:
            if each.callback is not None:
                each.callback()
