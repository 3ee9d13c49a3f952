"""Usage reports over HTTP."""

from __future__ import annotations

from berth.client.transport import Transport
from berth.model.interface import LedgerInterface
from berth.model.report import MOST_ROWS, ReportBy, UsageReport, report_by


class ReportRequests(LedgerInterface):
    """The verb of usage reports, as a request."""

    _transport: Transport

    def report(
        self,
        by: ReportBy | str = ReportBy.PROJECT,
        *,
        since: int | None = None,
        until: int | None = None,
        resource_class: str = "",
        project: str = "",
        limit: int = MOST_ROWS,
    ) -> UsageReport:
        """Return how much was held for how long, between two instants in microseconds since 1970 UTC.

        since: 30 days before `until` if None; until: now if None or later; resource_class, project: only of these.
        Raises Invalid, ClassNotFound, ReportTooLong.
        """
        asked = {"since": since, "until": until, "class": resource_class, "project": project, "limit": limit}
        return self._transport.get("/v1/report", UsageReport, by=report_by(by).value, **asked)
