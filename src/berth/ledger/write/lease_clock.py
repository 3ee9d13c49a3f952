"""When the next lease is to be marked or ended, as a process knows it that keeps no lease in memory."""

from __future__ import annotations

from typing import Final

from berth.ledger.ledger_time import LedgerTime
from berth.model.lease import SHORTEST_TTL_S
from berth.model.term import SECOND
from berth.store import leases
from berth.store.engine import Database

PAUSE_US: Final = SECOND
"""How long to wait after a sweep before the next one, in microseconds."""


class LeaseClock:
    """Looks at the leases' rows when the next one may be due.

    A renewal only moves that on, and a new lease cannot be due before SHORTEST_TTL_S. So with 10,000 leases that are
    all renewed it looks every few seconds.
    """

    def __init__(self, database: Database, time: LedgerTime) -> None:
        self._database, self._time = database, time
        self._next = 0

    def due(self) -> int | None:
        """Return when to sweep, or to ask again, in microseconds since 1970 UTC; None if there has never been a lease.

        An instant that has passed is returned once: then it is time to sweep. Raises Unavailable.
        """
        if not self._time.beat:
            return None
        now = self._time.own()
        if now < self._next:
            return self._next
        with self._database.reading() as connection:
            times = leases.times(connection)
        known = [each for each in (times.deadline, times.end) if each is not None]
        due = min(known, default=now + SHORTEST_TTL_S * SECOND)
        if times.overdue or due <= now:  # one that is overdue is looked at all the time: see AWAY_S
            self._next = now + PAUSE_US
            return now
        self._next = min(due, now + SHORTEST_TTL_S * SECOND)
        return self._next
