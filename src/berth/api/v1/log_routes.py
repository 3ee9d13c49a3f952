"""The routes of the two logs: changes, and audit records."""

from __future__ import annotations

from typing import Final

from berth.api.v1 import parameters
from berth.api.v1.endpoints import changes
from berth.api.v1.route import Route
from berth.model import errors
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.change import Change
from berth.model.change_summary import ChangeSummary
from berth.model.pages import Page

HISTORY: Final[tuple[Route, ...]] = (
    Route(
        "changes.list",
        "GET",
        "/v1/changes",
        changes.changes,
        "The change log, as a page or as a stream",
        "changes.list",
        query=parameters.Changes,
        reply=Page[Change],
        streams=True,
        dated=False,
        refusals=(errors.ChangesGone, errors.Invalid, errors.LogReset),
    ),
    Route(
        "changes.brief",
        "GET",
        "/v1/changes/brief",
        changes.brief,
        "Changes without facts, with the names of what each changed",
        "changes.list",
        query=parameters.Changes,
        reply=Page[ChangeSummary],
        streams=True,
        dated=False,
        refusals=(errors.ChangesGone, errors.Invalid, errors.LogReset),
    ),
    Route(
        "audit.list",
        "GET",
        "/v1/audit",
        changes.audit,
        "The audit log",
        "audit.list",
        query=parameters.Audit,
        reply=Page[AuditRecord],
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "audit.anomalies",
        "GET",
        "/v1/audit/anomalies",
        changes.anomalies,
        "Unusual activity in the audit log",
        "audit.anomalies",
        query=parameters.AnomalyQuery,
        reply=Anomalies,
        dated=False,
    ),
)
"""The routes of the logs."""
