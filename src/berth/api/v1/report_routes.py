"""The route of usage reports."""

from __future__ import annotations

from typing import Final

from berth.api.v1 import parameters
from berth.api.v1.endpoints import consumers, report
from berth.api.v1.route import Route
from berth.model import errors
from berth.model.report import UsageReport

REPORTS: Final = (
    Route(
        "reports.show",
        "GET",
        "/v1/report",
        report.report,
        "How much was held for how long, by project, user, host or class",
        "reports.show",
        query=parameters.ReportQuery,
        reply=UsageReport,
        project=consumers.asked_project,
        dated=False,
        refusals=(errors.ClassNotFound, errors.Invalid, errors.ReportTooLong),
    ),
)
"""The route of usage reports."""
