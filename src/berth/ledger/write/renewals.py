"""Renewals of leases that wait for each other: those of a second share one commit."""

from __future__ import annotations

import threading
import time

from berth.ledger.write.pending_command import PendingCommand
from berth.ledger.write.queue import CommandQueue


class Renewals:
    """Queued renewals.

    gap_s: how long after one commit of renewals the next one may come, 0 for at once; waiting: those that wait.
    """

    def __init__(self) -> None:
        self.gap_s = 0.0
        self._lock = threading.Lock()
        self.waiting: list[PendingCommand] = []
        self._next = 0.0

    @property
    def due_s(self) -> float | None:
        """The time until those that wait may be carried out, in seconds; None if none wait."""
        return max(0.0, self._next - time.monotonic()) if self.waiting else None

    def add(self, pending: PendingCommand) -> None:
        """Let a renewal wait for its turn."""
        with self._lock:
            self.waiting.append(pending)

    def move_due(self, queue: CommandQueue) -> None:
        """Put what may be carried out now into the queue, and let the next ones wait."""
        now = time.monotonic()
        with self._lock:
            if not self.waiting or now < self._next:
                return
            due, self.waiting = self.waiting, []
            self._next = now + self.gap_s
        for pending in due:
            queue.add(pending)

    def gather(self, gap_s: float) -> None:
        """Let renewals wait for each other from now on, or, with 0, no more."""
        with self._lock:
            self.gap_s, self._next = gap_s, 0.0
