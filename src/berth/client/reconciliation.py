"""Reconciliation over HTTP."""

from __future__ import annotations

import msgspec

from berth.client.transport import Transport
from berth.model.interface import LedgerInterface
from berth.model.reconcile_validation import validated_reconcile
from berth.model.reconciliation import ReconcileReport, ReconcileRequest


class ReconcileRequests(LedgerInterface):
    """The verbs for claims of consumers that are not alive any more, as requests."""

    _transport: Transport

    def reconcile(self, request: ReconcileRequest) -> ReconcileReport:
        """Compare claims with a list of the consumers that are alive; without dry_run, end the orphans.

        Raises ProviderNotFound, NothingAlive, PlanOutdated, ReconcileTooLarge.
        """
        send = self._transport.query if request.dry_run else self._transport.command
        report: ReconcileReport = send(
            "/v1/reconcile", msgspec.to_builtins(validated_reconcile(request)), ReconcileReport
        )
        return report
