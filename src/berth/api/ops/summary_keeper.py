"""Keeping what summaries need, in a server: refused claims for all processes, and how full the fleet was."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from berth.ledger import Ledger
from berth.model.errors import BerthError

LOOK_S: Final = 1.0
"""How often the thread looks whether refused claims wait to be written."""

FIRST_S: Final = 60.0
"""When at the latest it first keeps how full the fleet was, in seconds after the start; at the earliest after half."""

INTERVAL_S: Final = 300.0
"""How often it does so: there is a sample for each half hour, and most of the time nothing is to be done."""

SPREAD: Final = 0.5
"""By which share of a time it comes earlier at most, at random: so that of many processes one is first."""

READ_S: Final = 60.0
"""How long a long log is read before what was made of it is kept; twice as long next time: each begins at the end."""

REST: Final = 3
"""How many times as long as a page of a long log took to rest after it."""

_LOG = logging.getLogger("berth")


class SummaryKeeper:
    """A thread that keeps both. No answer of the ledger depends on it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="summary-keeper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end soon."""
        self._ended.set()

    def _run(self) -> None:
        due, read_s = time.monotonic() + _at_random(FIRST_S), READ_S
        while not self._ended.wait(LOOK_S):
            self._share()
            if time.monotonic() >= due:
                pace = _Pace(self._ended, self._share, read_s)
                self._try(partial(self._ledger.summaries.keep_usage, pace.goes_on))
                read_s = read_s * 2 if pace.is_over else READ_S
                due = time.monotonic() + _at_random(INTERVAL_S)

    def _share(self) -> None:
        self._try(self._ledger.summaries.refused.share_if_due)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except BerthError as error:
            _LOG.info("what summaries need is kept later: %s", error)
        except Exception:  # noqa: BLE001 - it is logged; the server goes on
            _LOG.exception("what summaries need could not be kept")


def _at_random(most_s: float) -> float:
    return most_s * (1 - SPREAD * random.random())  # noqa: S311 - no secret


class _Pace:
    """The pace at which a long log is read: others go first, and refused claims are shared."""

    def __init__(self, ended: threading.Event, share: Callable[[], None], most_s: float) -> None:
        self._ended, self._share = ended, share
        self._began = time.monotonic()
        self._until = self._began + most_s
        self.is_over = False

    def goes_on(self) -> bool:
        """Pause for longer than the last page took. Return False once the time is over, or the server stops."""
        self._ended.wait(REST * (time.monotonic() - self._began))
        self._share()
        self._began = time.monotonic()
        self.is_over = self._began >= self._until
        return not self.is_over and not self._ended.is_set()
