"""The lookout: goes along the audit log in the background, and tells every worker of what is unusual in it.

One worker of a server does it; when that ends, another goes on. What is found is in a file of the folder that
they share, so that all say the same, and whoever asks waits for nothing.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import msgspec

from berth.ledger import Ledger
from berth.ledger.audit.anomalies import LogScanner
from berth.model.anomaly import Anomalies
from berth.model.errors import BerthError

LOOK_S: Final = 10.0
"""How often it looks for new records."""

REST: Final = 39
"""For so many times as long as it has worked it rests: it takes no more than a fortieth of one processor."""

SHOWN_US: Final = 7 * 86_400_000_000
"""What is older than a week is not told any more: `berth audit anomalies` has all of it."""

ANEW_S: Final = 6 * 3600.0
"""How often it begins again, so that it notices what was altered behind it, and forgets what is long past."""

NOTHING_YET: Final = Anomalies(items=[], first=0, last=0, complete=False)

_LOG = logging.getLogger("berth")


class AnomalyScanner:
    """Looks, or waits to be the one that does. folder: that all workers of this server have; clock: in microseconds."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._ledger, self._clock = ledger, clock
        self._file, self._lock = folder / "anomalies.json", folder / "anomalies.lock"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)
        self._written = b""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Come to an end soon."""
        self._ended.set()

    def told(self) -> Anomalies:
        """What was found last, by whichever worker."""
        try:
            found: Anomalies = msgspec.json.decode(self._file.read_bytes(), type=Anomalies)
        except (OSError, msgspec.MsgspecError):
            return NOTHING_YET
        return found

    def _run(self) -> None:
        with self._lock.open("w", encoding="utf-8") as held:
            while not self._ended.is_set():
                if _taken(held):
                    self._look()
                else:
                    self._ended.wait(LOOK_S)

    def _look(self) -> None:
        """Until this ends. Whatever goes wrong, it begins again."""
        vigils, begun = [self._vigil()], time.monotonic()
        while not self._ended.is_set():
            started = time.perf_counter()
            try:
                busy = [each.scan_page() for each in vigils]
                if not busy[0]:
                    self._tell(vigils[0].anomalies())
            except BerthError as error:
                _LOG.info("the lookout waits: %s", error)
                busy = [False]
            except Exception:  # noqa: BLE001 - the log says what; a server does not end for it
                _LOG.exception("the lookout failed, and begins again")
                vigils, busy = [self._vigil()], [False]
            if len(busy) > 1 and not busy[1]:
                del vigils[0]
            elif len(vigils) == 1 and time.monotonic() - begun > ANEW_S:
                vigils, begun = [*vigils, self._vigil()], time.monotonic()
            worked = time.perf_counter() - started
            self._ended.wait(REST * worked if any(busy) else max(LOOK_S, REST * worked))

    def _vigil(self) -> LogScanner:
        return self._ledger.log_scanner(self._clock() - SHOWN_US)

    def _tell(self, found: Anomalies) -> None:
        told = msgspec.json.encode(found.within(self._clock() - SHOWN_US, None))
        if told != self._written:
            new = self._file.with_suffix(".new")
            new.write_bytes(told)
            new.replace(self._file)
            self._written = told


def _taken(held: IO[str]) -> bool:
    """Whether this worker is the one. The system lets go of it when the process ends, however it does."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
