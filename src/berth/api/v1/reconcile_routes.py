"""The routes for claims of consumers that are not alive any more."""

from __future__ import annotations

from typing import Final

from berth.api.v1.endpoints import reconciliation
from berth.api.v1.route import Route
from berth.model import errors
from berth.model.commands import Undo
from berth.model.ended_consumer import UndoOutcome
from berth.model.message import message_of
from berth.model.reconciliation import ReconcileReport, ReconcileRequest

RECONCILIATION: Final = (
    Route(
        "consumers.reconcile",
        "POST",
        "/v1/reconcile",
        reconciliation.reconcile,
        "Compare claims with a list of existing consumers, and release those of all others",
        "consumers.reconcile",
        body=ReconcileRequest,
        reply=ReconcileReport,
        keyed=True,
        lines=True,
        refusals=(
            errors.NothingAlive,
            errors.ProviderNotFound,
            errors.PlanOutdated,
            errors.ReconcileTooLarge,
            errors.Invalid,
            errors.KeyReused,
            errors.Forbidden,
        ),
    ),
    Route(
        "changes.undo",
        "POST",
        "/v1/undo",
        reconciliation.undo,
        "Restore claims that Berth ended in a change",
        "changes.undo",
        body=message_of(Undo),
        reply=UndoOutcome,
        keyed=True,
        refusals=(errors.CannotUndo, errors.Invalid, errors.KeyReused, errors.Forbidden),
    ),
)
