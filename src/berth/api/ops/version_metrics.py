"""Metrics of the versions of the fleet that are still read, and of histories that were found to be other ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from berth.ledger.observer import CommitObserver

PAUSE_S: Final = 1.0
"""How long the figures of a process may be out of date while it works."""


class VersionMetrics(CommitObserver):
    """Counts what old versions of the fleet need. read_memory: how many are read, and the bytes that only they use."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self.read_memory: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._clock, self._next = clock, 0.0
        self._read = Gauge(
            "berth_fleet_versions_read",
            "Old versions of the fleet that queries still read.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._bytes = Gauge(
            "berth_fleet_versions_bytes",
            "Memory that only these old versions use.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._forks = Counter(
            "berth_history_forks",
            "How often a worker found another history in the database: a failover lost commits, or a restore.",
            registry=registry,
        )

    def read_figures(self) -> None:
        """Read the figures now."""
        self._next = self._clock() + PAUSE_S
        read, size = self.read_memory()
        self._read.set(read)
        self._bytes.set(size)

    def _update_sometimes(self) -> None:
        if self._clock() >= self._next:
            self.read_figures()

    def committed(self, *_: object, **__: object) -> None:
        """See CommitObserver."""
        self._update_sometimes()

    def followed(self, *_: object, **__: object) -> None:
        """See CommitObserver."""
        self._update_sometimes()

    def forked(self) -> None:
        """See CommitObserver."""
        self._forks.inc()
