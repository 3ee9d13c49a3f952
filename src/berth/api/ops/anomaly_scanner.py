"""The anomaly scanner: scans the audit log in the background, for all workers of a server.

One worker scans; when it exits, another takes over. Its findings are in a file in the workers' shared folder, so that
every worker reports the same, without waiting.
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

INTERVAL_S: Final = 10.0
"""How often new records are looked for."""

REST: Final = 39
"""After each step it pauses for this many times the step's duration, using at most a fortieth of one processor."""

SHOWN_US: Final = 7 * 86_400_000_000
"""Findings older than a week are left out: `berth audit anomalies` shows all of them."""

RESTART_S: Final = 6 * 3600.0
"""How often the scan restarts from the beginning, to notice altered records and to forget old activity."""

NOTHING_YET: Final = Anomalies(items=[], first=0, last=0, complete=False)

_LOG = logging.getLogger("berth")


class AnomalyScanner:
    """Scans, or waits to take over. folder: shared by the workers of this server; clock: in microseconds."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._ledger, self._clock = ledger, clock
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
                    self._scan()
                else:
                    self._ended.wait(INTERVAL_S)

    def _scan(self) -> None:
        """Scan until closed. After any error, start again."""
        scanners, started_at = [self._scanner()], time.monotonic()
        while not self._ended.is_set():
            began = time.perf_counter()
            try:
                busy = [each.scan_page() for each in scanners]
                if not busy[0]:
                    self._publish(scanners[0].anomalies())
            except BerthError as error:
                _LOG.info("the anomaly scanner waits: %s", error)
                busy = [False]
            except Exception:  # noqa: BLE001 - it is logged; the server goes on
                _LOG.exception("the anomaly scanner failed and starts again")
                scanners, busy = [self._scanner()], [False]
            if len(busy) > 1 and not busy[1]:
                del scanners[0]
            elif len(scanners) == 1 and time.monotonic() - started_at > RESTART_S:
                scanners, started_at = [*scanners, self._scanner()], time.monotonic()
            worked = time.perf_counter() - began
            self._ended.wait(REST * worked if any(busy) else max(INTERVAL_S, REST * worked))

    def _scanner(self) -> LogScanner:
        return self._ledger.log_scanner(self._clock() - SHOWN_US)

    def _publish(self, found: Anomalies) -> None:
        encoded = msgspec.json.encode(found.within(self._clock() - SHOWN_US, None))
        if encoded != self._written:
            new = self._file.with_suffix(".new")
            new.write_bytes(encoded)
            new.replace(self._file)
            self._written = encoded


def _acquired(lock: IO[str]) -> bool:
    """Whether this worker holds the lock now. The kernel releases it when the process exits, for any reason."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
