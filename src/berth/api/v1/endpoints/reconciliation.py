"""Reconciliation: ending consumers that are not alive any more, and undoing that."""

from __future__ import annotations

from berth.api.v1.keys import KEY
from berth.api.v1.route import Call, PendingResult
from berth.model.message import value
from berth.model.reconciliation import ReconcileReport


def reconcile(call: Call) -> ReconcileReport | PendingResult:
    """Compare claims with a list of the consumers that are alive; end the orphans if that is asked for."""
    report, command = call.ledger.planned_reconcile(call.body, call.alive, keyed=KEY in call.request.headers)
    return report if command is None else PendingResult(command, lambda ended: ended)


def undo(call: Call) -> PendingResult:
    """Restore claims that Berth ended in a change."""
    return PendingResult(value(call.body), lambda outcome: outcome)
