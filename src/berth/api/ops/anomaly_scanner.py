"""The anomaly scanner: scans the audit log in the background, for all workers of all servers of a ledger.

Of one server's workers one is at work; when it exits, another takes over. Of all servers' workers one scans; it keeps
what it has learned in the database, where the others read its findings, and where another one continues. The findings
are in a file in the workers' shared folder as well, so that every worker reports the same, without waiting.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from berth.api.http.turn import Turn
from berth.ledger import Ledger
from berth.ledger.audit.anomalies import LogScanner
from berth.model.anomaly import Anomalies
from berth.model.errors import BerthError

INTERVAL_S: Final = 10.0
"""How often new records are looked for, and the lease is renewed."""

REST: Final = 39
"""After each step it pauses for this many times the step's duration, using a fortieth of one processor; see `rest`."""

LEAST_REST: Final = 1
"""The same when it is far behind: half of one processor."""

BEHIND: Final = 100
"""With this many records left to read, it pauses half as long."""

SAVE_S: Final = 5.0
"""How often at most it keeps what it has learned."""

MOST_SAVE_S: Final = 20.0
"""How often at least it keeps that, and renews its lease."""

SAVING_SHARE: Final = 50
"""Between those, it keeps that more rarely if it takes long: a fiftieth of its time."""

SHOWN_US: Final = 7 * 86_400_000_000
"""Findings older than a week are left out: `berth audit anomalies` shows all of them."""

RESTART_S: Final = 6 * 3600.0
"""How often, if it is not behind, the scan restarts from the beginning, to notice altered records."""

NOTHING_YET: Final = Anomalies(items=[], first=0, last=0, complete=False)

_LOG = logging.getLogger("berth")


def rest(lag: int) -> float:
    """Return how many times the duration of a step to pause. lag: how many records are left to read."""
    return max(LEAST_REST, REST / (1 + lag / BEHIND))


class AnomalyScanner:
    """Scans, or waits to take over.

    folder: shared by the workers of this server; clock: in microseconds; turn: to be had before anything is computed.
    """

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        turn: Turn | None = None,
    ) -> None:
        self._ledger, self._clock, self._turn = ledger, clock, turn or Turn()
        self._shared = ledger.shared_scan
        self._file, self._lock = folder / "anomalies.json", folder / "anomalies.lock"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="anomaly-scanner", daemon=True)
        self._written = b""

    def start(self) -> None:
        """Start scanning in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end soon."""
        self._ended.set()

    def anomalies(self) -> Anomalies:
        """Return the latest findings of the worker that scans."""
        try:
            anomalies: Anomalies = msgspec.json.decode(self._file.read_bytes(), type=Anomalies)
        except (OSError, msgspec.MsgspecError):
            return NOTHING_YET
        return anomalies

    def _run(self) -> None:
        with self._lock.open("w", encoding="utf-8") as lock:
            while not self._ended.is_set():
                if _acquired(lock):
                    self._work()
                else:
                    self._ended.wait(INTERVAL_S)

    def _work(self) -> None:
        """Scan if no other server does, otherwise report its findings, until closed. After any error, begin again."""
        while not self._ended.is_set():
            try:
                if self._shared.lease():
                    self._scan()
                    self._shared.release()
                else:
                    self._report(self._shared.anomalies() or NOTHING_YET)
            except BerthError as error:
                _LOG.info("the anomaly scanner waits: %s", error)
            except Exception:  # noqa: BLE001 - it is logged; the server goes on
                _LOG.exception("the anomaly scanner failed and starts again")
            self._ended.wait(INTERVAL_S)

    def _scan(self) -> None:
        """Scan until closed, or until another server has taken over. Raises BerthError."""
        scan, timers = _Scan(self._shared.scanner(self._since()), self._fresh_scanner), _Timers()
        while not self._ended.is_set():
            with self._turn:
                began = time.perf_counter()
                busy = scan.scan_page()
                worked = time.perf_counter() - began
            caught_up = scan.main.lag == 0
            if caught_up:
                self._report(scan.main.anomalies())
            if timers.is_save_due() and not self._save(scan.main, timers):
                return
            pause = rest(scan.main.lag) * worked
            self._ended.wait(pause if busy else max(INTERVAL_S, pause))
        self._save(scan.main, timers)

    def _save(self, scanner: LogScanner, timers: _Timers) -> bool:
        """Keep what was learned, and renew the lease. Return False if another server has taken over."""
        found = scanner.anomalies()
        if found.complete:
            self._report(found)
        with timers.saving():
            return self._shared.lease() and self._shared.save(scanner, self._recent(found))

    def _since(self) -> int:
        return self._clock() - SHOWN_US

    def _fresh_scanner(self) -> LogScanner:
        return self._ledger.log_scanner(self._since())

    def _recent(self, found: Anomalies) -> Anomalies:
        return found.within(self._since(), None)

    def _report(self, found: Anomalies) -> None:
        """Write findings to the file of this server's workers, if they have changed."""
        encoded = msgspec.json.encode(self._recent(found))
        if encoded != self._written:
            new = self._file.with_suffix(".new")
            new.write_bytes(encoded)
            new.replace(self._file)
            self._written = encoded


class _Scan:
    """The scan, and now and then a second one from the beginning, which replaces it once it has come as far.

    main: the scanner whose findings count; fresh: returns a new scanner.
    """

    def __init__(self, main: LogScanner, fresh: Callable[[], LogScanner]) -> None:
        self.main, self._fresh = main, fresh
        self._second: LogScanner | None = None
        self._began_at = time.monotonic()

    def scan_page(self) -> bool:
        """Scan a page, of new records first. Return False if there is nothing more now. Raises Unavailable."""
        if self.main.scan_page():
            return True
        if self._second is None and time.monotonic() - self._began_at > RESTART_S:
            self._second, self._began_at = self._fresh(), time.monotonic()
        if self._second is None:
            return False
        if self._second.scan_page():
            return True
        self.main, self._second = self._second, None
        return False


class _Timers:
    """When to keep what was learned: more rarely if that takes long."""

    def __init__(self) -> None:
        self._saved_at, self._took = time.monotonic(), 0.0

    def is_save_due(self) -> bool:
        """Whether it is time."""
        due_after_s = min(max(SAVE_S, SAVING_SHARE * self._took), MOST_SAVE_S)
        return time.monotonic() - self._saved_at > due_after_s

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Measure how long it takes."""
        began = time.monotonic()
        yield
        self._saved_at = time.monotonic()
        self._took = self._saved_at - began


def _acquired(lock: IO[str]) -> bool:
    """Whether this worker holds the lock now. The kernel releases it when the process exits, for any reason."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
