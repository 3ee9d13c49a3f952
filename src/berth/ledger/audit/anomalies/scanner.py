"""An examination of a database's audit log, a page at a time, for as long as more is written."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from berth.fleet.views.overview import overview
from berth.ledger.audit.anomalies.analysis import Analysis
from berth.ledger.audit.anomalies.rates import DAY_MINUTES, MEMORY_DAYS, MINUTE_US
from berth.ledger.replica import Replica
from berth.model.anomaly import Anomalies
from berth.store import audit, consumers, head

PAGE: Final = 500
"""So many records are read at a time: an import's are hundreds of kilobytes each."""

DAY_US: Final = DAY_MINUTES * MINUTE_US


class LogScanner:
    """Examines what there is, and then what comes.

    since: microseconds since 1970 UTC, to be right about all that happened from then on; None: all of it. The four
    weeks before are read as well, to learn from.
    """

    def __init__(self, replica: Replica, since: int | None = None) -> None:
        self._replica = replica
        self._from = None if since is None else (since // DAY_US - MEMORY_DAYS) * DAY_US
        self._examination: Analysis | None = None
        self._after = 0

    def step(self) -> bool:
        """Examine a page; False when there is nothing more now. Raises Unavailable."""
        with self._replica.database.reading() as connection:
            examination = self._begun(connection)
            if self._taken(examination, connection):
                return True
            examination.reached(head.sealed(connection))
        return not examination.settled and self._settled(examination)

    def found(self) -> Anomalies:
        """All that was found so far."""
        if self._examination is None:
            return Anomalies(items=[], first=0, last=0, complete=False)
        return self._examination.found()

    def _begun(self, connection: Connection) -> Analysis:
        """The examination that goes on; a new one, if what comes next has left for an archive."""
        oldest = audit.first_since(connection, None) or 1
        if self._examination is None or oldest > self._after + 1:
            first = oldest if self._from is None else audit.first_since(connection, self._from)
            if first is None:  # nothing is as new as that: the last record, so that what comes has one before it
                first = max(oldest, head.sealed(connection).audit_number)
            self._after = first - 1
            self._examination = Analysis(whole=first == oldest)
        return self._examination

    def _taken(self, examination: Analysis, connection: Connection) -> bool:
        """Take the next page in; whether it was full."""
        page = audit.page(connection, self._after, PAGE)
        for stored in page:
            examination.take(stored)
        self._after += len(page) and page[-1].row["number"] - self._after
        return len(page) == PAGE

    def _settled(self, examination: Analysis) -> bool:
        """Look how much there is of everything, as of the last record; whether that has to wait for more records."""
        with self._replica.read_with_rows() as (fleet, connection):
            if self._taken(examination, connection):
                return True
            capacity = {each.name: each.capacity for each in overview(fleet).classes}
            examination.settle(consumers.count(connection), capacity)
        return False
