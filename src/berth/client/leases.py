"""Leases over HTTP."""

from __future__ import annotations

from berth.client.namespace import ClientNamespace
from berth.model.lease import LeaseInfo, LeasePage, LeaseState
from berth.model.leases import Leases
from berth.model.validation import canonical_uuid


class LeaseRequests(ClientNamespace, Leases):
    """The verbs of leases behind a server."""

    def get(self, lease: str) -> LeaseInfo:
        """Return a lease. Raises LeaseNotFound, Invalid."""
        return self._transport.get(f"/v1/leases/{canonical_uuid(lease)}", LeaseInfo)

    def list(
        self, *, project: str = "", state: LeaseState | None = None, limit: int = 100, after: str | None = None
    ) -> LeasePage:
        """Return a page of leases by uuid. Raises Invalid."""
        params = {"project": project, "state": state, "limit": limit, "after": after}
        return self._transport.get("/v1/leases", LeasePage, **params)
