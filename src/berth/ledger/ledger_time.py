"""The ledger's time: the database server's, and never earlier than it was in the last commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from berth.store.head import Head

MOST_SKEW_US: Final = 60_000_000
"""How far the clocks of process and database may be apart for leases to end, in microseconds."""


class LedgerTime:
    """The time as a process knows it. It never goes back, even if clocks do. Safe to share between threads.

    known: when the process queried the database last, in microseconds since 1970 UTC. clock: used instead of the
    server's, for tests. skew_us: by how much this process's clock is ahead of the server's; beat: how often leases had
    been written by then.
    """

    def __init__(self, clock: Callable[[], int] | None = None) -> None:
        self.clock = clock
        self.known = self.skew_us = self.beat = 0
        self._lock = threading.Lock()

    @property
    def agrees(self) -> bool:
        """Whether the clocks of process and database agree, so that leases may end."""
        return abs(self.skew_us) <= MOST_SKEW_US

    def at(self, head: Head) -> int:
        """Return the time when the head was read, in microseconds since 1970 UTC."""
        if head.server_time:
            self.skew_us = time.time_ns() // 1000 - head.server_time
        now = self.own() if self.clock else head.server_time or self.own()
        with self._lock:  # or a thread that has read an older head would set back what another one has just noted
            self.beat = max(self.beat, head.beat)
            known = self.known = max(self.known, head.at, now)
        return known

    def own(self) -> int:
        """Return this process's own time, which needs no query, in microseconds since 1970 UTC."""
        return self.clock() if self.clock else time.time_ns() // 1000

    def use(self, clock: Callable[[], int]) -> None:
        """Take the time from a clock instead, as if none had been known before: for tests."""
        self.clock, self.known = clock, 0
