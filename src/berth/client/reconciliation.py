"""Reconciliation over HTTP."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import msgspec

from berth.client.transport import Transport
from berth.model.interface import LedgerInterface
from berth.model.reconcile_validation import validated_reconcile
from berth.model.reconciliation import ReconcileReport, ReconcileRequest

_PATH: Final = "/v1/reconcile"


class ReconcileRequests(LedgerInterface):
    """The verbs for claims of consumers that are not alive any more, as requests."""

    _transport: Transport

    def reconcile(self, request: ReconcileRequest, *, key: str | None = None) -> ReconcileReport:
        """Compare claims with a list of the consumers that are alive; without dry_run, end the orphans.

        Raises ProviderNotFound, NothingAlive, PlanOutdated, ReconcileTooLarge.
        """
        body = msgspec.to_builtins(validated_reconcile(request))
        if request.dry_run:
            return self._transport.query(_PATH, body, ReconcileReport)
        report: ReconcileReport = self._transport.command(_PATH, body, ReconcileReport, key or uuid4().hex)
        return report
