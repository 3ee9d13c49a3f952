"""Reconciliation over HTTP."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import msgspec

from berth.client.transport import Lines, Transport
from berth.model.alive_lines import NDJSON, AliveLines
from berth.model.alive_list import AliveList
from berth.model.interface import LedgerInterface
from berth.model.reconcile_validation import validated_reconcile
from berth.model.reconciliation import ReconcileReport, ReconcileRequest

_PATH: Final = "/v1/reconcile"

MOST_IN_ONE_BODY: Final = 10_000
"""How many consumers are sent as one JSON value, which both ends have to keep as a whole."""


class ReconcileRequests(LedgerInterface):
    """The verbs for claims of consumers that are not alive any more, as requests."""

    _transport: Transport

    def reconcile(
        self, request: ReconcileRequest, *, alive: AliveList | None = None, key: str | None = None
    ) -> ReconcileReport:
        """Compare claims with a list of the consumers that are alive; without dry_run, end the orphans.

        alive: the list, if it is long, instead of that of the request. A long one is sent line by line. Raises
        ProviderNotFound, NothingAlive, PlanOutdated, ReconcileTooLarge.
        """
        checked, listed = validated_reconcile(request, alive)
        long = alive is not None or len(listed) > MOST_IN_ONE_BODY
        body: Any = Lines(NDJSON, AliveLines(checked, listed)) if long else msgspec.to_builtins(checked)
        if request.dry_run:
            return self._transport.query(_PATH, body, ReconcileReport)
        report: ReconcileReport = self._transport.command(_PATH, body, ReconcileReport, key or uuid4().hex)
        return report
