"""Leases: granted, renewed, ended, listed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from msgspec.structs import asdict

from berth.api.v1.route import Call, PendingResult
from berth.model.errors import Invalid, LeaseNotFound
from berth.model.lease import LeaseInfo, LeasePage
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases


def list_(call: Call) -> LeasePage:
    """Return leases by uuid."""
    query = call.query
    return call.ledger.leases.list(
        project=query.project, state=query.state, limit=query.limit, after=query.after or None
    )


def show(call: Call) -> LeaseInfo:
    """Return a lease."""
    return call.ledger.leases.get(call.items["uuid"])


def grant(call: Call) -> PendingResult:
    """Grant a lease, with a new uuid if none is given."""
    given: dict[str, Any] = asdict(call.body)
    uuid = given.pop("uuid") or str(uuid4())
    return PendingResult(GrantLease(uuid=uuid, **given), _unchanged)


def renew(call: Call) -> PendingResult:
    """Renew leases."""
    return PendingResult(RenewLeases(uuids=call.body.uuids), _unchanged)


def end(call: Call) -> PendingResult:
    """End a lease."""
    return PendingResult(EndLease(uuid=call.items["uuid"], claims=call.query.claims), lambda _: None)


def its_project(call: Call) -> str | None:
    """Return a lease's project; None if there is no such lease, so that a reader learns nothing about it."""
    try:
        return call.ledger.leases.get(call.items["uuid"]).project
    except (Invalid, LeaseNotFound):
        return None


def _unchanged(result: Any) -> Any:
    return result
