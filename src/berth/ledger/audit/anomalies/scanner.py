"""The scanner: analyses a database's audit log page by page, and continues as more is written."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from berth.fleet.views.overview import overview
from berth.ledger.audit.anomalies.analysis import Analysis
from berth.ledger.audit.anomalies.rates import DAY_MINUTES, MEMORY_DAYS, MINUTE_US
from berth.ledger.replica import Replica
from berth.model.anomaly import Anomalies
from berth.store import audit, checkpoints, consumers, head

MOST_TOTAL: Final = 2**62
"""What a class counts at most, over all providers."""

PAGE: Final = 500
"""How many records are read at a time: those of an import have hundreds of kilobytes each."""

DAY_US: Final = DAY_MINUTES * MINUTE_US


class LogScanner:
    """Analyses the existing records, and then new ones.

    since: the time from which on findings are complete, in microseconds since 1970 UTC; None: all of the log. The four
    weeks before it are read as well, for the baseline. analysis: what to continue, of the same history; lag: how many
    records there were beyond the last page.
    """

    def __init__(self, replica: Replica, since: int | None = None, analysis: Analysis | None = None) -> None:
        self._replica = replica
        self._from = None if since is None else (since // DAY_US - MEMORY_DAYS) * DAY_US
        self._analysis = analysis
        self._after = 0 if analysis is None else analysis.last
        self.lag = 0

    @property
    def analysis(self) -> Analysis | None:
        """The analysis so far; None before the first page."""
        return self._analysis

    def scan_page(self) -> bool:
        """Analyse a page. Return False if there is nothing more now. Raises Unavailable."""
        with self._replica.database.reading() as connection:
            at = head.read(connection)
            analysis = self._present_analysis(connection)
            full = self._add_page(analysis, connection)
            self.lag = max(0, at.audit_number - self._after)
            if full:
                return True
            analysis.check_end(at)
        return not analysis.has_totals and self._set_totals(analysis)

    def anomalies(self) -> Anomalies:
        """Return all findings so far."""
        if self._analysis is None:
            return Anomalies(items=[], first=0, last=0, complete=False)
        return self._analysis.anomalies()

    def _present_analysis(self, connection: Connection) -> Analysis:
        """Return the present analysis, or a new one if it does not continue: in an archive, or another history."""
        oldest = max(audit.first_since(connection, None) or 1, checkpoints.last(connection).archived + 1)
        if self._analysis is None or oldest > self._after + 1 or not self._is_in_log(self._analysis, connection):
            first = oldest if self._from is None else audit.first_since(connection, self._from)
            if first is None:  # no record is that new: begin with the last one, so that new ones have a predecessor
                first = max(oldest, head.read(connection).audit_number)
            self._after = first - 1
            self._analysis = Analysis(whole=first == oldest)
        return self._analysis

    def _is_in_log(self, analysis: Analysis, connection: Connection) -> bool:
        """Whether the last record so far is still in the log, or there is none. A failover may have taken it back."""
        return not self._after or audit.has(connection, self._after, analysis.last_hash)

    def _add_page(self, analysis: Analysis, connection: Connection) -> bool:
        """Analyse the next page. Return whether it was full."""
        page = audit.page(connection, self._after, PAGE)
        for stored in page:
            analysis.add(stored)
        self._after += len(page) and page[-1].row["number"] - self._after
        return len(page) == PAGE

    def _set_totals(self, analysis: Analysis) -> bool:
        """Set the totals as of the last record. Return whether that has to wait for more records."""
        with self._replica.read_with_rows() as (fleet, connection):
            if self._add_page(analysis, connection):
                return True
            capacity = {each.name: min(each.capacity, MOST_TOTAL) for each in overview(fleet).classes}
            analysis.set_totals(consumers.count(connection), capacity)
        return False
