"""Sweeping in a server: soon after something lapses or a lease ends, also if there are no commands."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import Final

from berth.ledger import Ledger
from berth.model.errors import BerthError

MOST_S: Final = 1.0
"""How long the thread waits before it looks again when something lapses next, in seconds."""

SPREAD_S: Final = 0.25
"""How long after the instant it sweeps, at most: a random time, so that of many processes one comes first."""

REST: Final = 4
"""How many times as long as a sweep takes to rest after it: claims wait for sweeps."""

GATHER_S: Final = 1.0
"""How long after a commit of renewals the next one may come: those that arrive until then share it."""

LOOK_S: Final = 0.25
"""How often the thread looks whether renewals wait."""

_LOG = logging.getLogger("berth")


class LapseTimer:
    """A thread that sweeps. No answer of the ledger depends on it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lapse-timer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._ledger.gather_renewals(GATHER_S)
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end soon."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            due_s = self._due_s()
            if due_s is not None and due_s <= 0:
                began = time.monotonic()
                self._sweep()
                self._ended.wait(REST * (time.monotonic() - began))
                due_s = self._due_s()
            spread_s = random.uniform(0, SPREAD_S)  # noqa: S311 - no secret
            self._wait(MOST_S if due_s is None else min(MOST_S, max(0.0, due_s) + spread_s))
        self._ledger.gather_renewals(0)
        self._ledger.work()

    def _due_s(self) -> float | None:
        """Return the time until something is to be swept, in seconds; None if that is not known."""
        try:
            return self._ledger.next_lapse_s()
        except BerthError as error:
            _LOG.info("cannot read when leases end: %s", error)
            return None

    def _wait(self, seconds: float) -> None:
        """Wait, and carry out the renewals of leases that have waited for each other."""
        ends = time.monotonic() + seconds
        while not self._ended.is_set():
            left_s, renewals_s = ends - time.monotonic(), self._ledger.renewals_due_s
            if left_s <= 0:
                return
            if renewals_s == 0:
                self._ledger.work()
            self._ended.wait(min(left_s, LOOK_S if renewals_s is None else max(renewals_s, 0.001)))

    def _sweep(self) -> None:
        try:
            self._ledger.sweep()
        except BerthError as error:
            _LOG.info("lapsed claims cannot be released yet: %s", error)
        except Exception:  # noqa: BLE001 - it is logged; the server goes on
            _LOG.exception("lapsed claims could not be released")
