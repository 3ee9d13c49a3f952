"""The scan that all processes of a ledger share: one of them scans, and keeps what it has learned in the database."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy.exc import IntegrityError

from berth.ledger.audit.anomalies import state
from berth.ledger.audit.anomalies.scanner import LogScanner
from berth.ledger.replica import Replica
from berth.model.anomaly import Anomalies
from berth.store import anomaly_scan, audit
from berth.store.anomaly_scan import SavedScan

LEASE_US: Final = 60_000_000
"""How long a process that scans may be silent, in microseconds, before another one takes over."""

MOST_BYTES: Final = 8 * 1024 * 1024
"""The largest state that is kept: databases refuse larger statements."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Anomalies).decode


class SharedScan:
    """One process's share in the scan. clock: in microseconds since 1970 UTC."""

    def __init__(self, replica: Replica, clock: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._replica, self._clock = replica, clock
        self._name, self._saved, self._leased_until = str(uuid.uuid4()), 0, 0

    def lease(self) -> bool:
        """Take the lease, or renew it if half of its time is over. Return False if another process has it.

        Raises Unavailable.
        """
        now = self._clock()
        if self._leased_until - now > LEASE_US // 2:
            return True
        try:
            with self._replica.database.writing() as connection:
                leased = anomaly_scan.lease(connection, self._name, now, now + LEASE_US)
        except IntegrityError:  # another process has just made the row
            leased = False
        self._leased_until = now + LEASE_US if leased else 0
        return leased

    def release(self) -> None:
        """Let another process take over at once. Raises Unavailable."""
        self._leased_until = 0
        with self._replica.database.writing() as connection:
            anomaly_scan.release(connection, self._name)

    def scanner(self, since: int) -> LogScanner:
        """Return a scanner that continues where the last one stopped, or begins, so that all since then is found.

        It begins again if the stored state is of another version of Berth, or of another history.
        """
        with self._replica.database.reading() as connection:
            saved = anomaly_scan.state(connection)
            if saved is not None and audit.has(connection, saved.number, saved.hash):
                return LogScanner(self._replica, since, state.load(saved.version, saved.state))
        return LogScanner(self._replica, since)

    def save(self, scanner: LogScanner, found: Anomalies) -> bool:
        """Keep what a scanner has learned, and its findings. Return False if another process has the lease."""
        analysis = scanner.analysis
        if analysis is None or analysis.last == self._saved:
            return True
        content = state.dump(analysis)
        if len(content) > MOST_BYTES:
            return True
        saved = SavedScan(state.VERSION, analysis.last, analysis.last_hash, content)
        with self._replica.database.writing() as connection:
            if not anomaly_scan.save(connection, self._name, saved, _encode(found)):
                self._leased_until = 0
                return False
        self._saved = analysis.last
        return True

    def anomalies(self) -> Anomalies | None:
        """Return the findings that were kept last, by any process; None if there are none yet."""
        with self._replica.database.reading() as connection:
            content = anomaly_scan.findings(connection)
        try:
            return _decode(content) if content else None
        except msgspec.MsgspecError:
            return None
