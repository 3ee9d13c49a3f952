"""Consumers whose claims go on with a lease: which one, and whether it is overdue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.store import leases


def lease_fields(fleet: Fleet, connection: Connection, consumers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the fields of a ClaimLife that a lease decides, by consumer; of consumers without a lease none."""
    lease_of = fleet.leased.lease_of
    if not lease_of:
        return {}
    own = {uuid: lease_of[uuid] for uuid in consumers if uuid in lease_of}
    rows = leases.by_uuid(connection, set(own.values())) if own else []
    overdue = {row.uuid for row in rows if row.ended_at is None and row.overdue_at is not None}
    return {uuid: {"lease": lease, "overdue": lease in overdue} for uuid, lease in own.items()}


def overdue_consumers(fleet: Fleet, connection: Connection) -> list[str]:
    """Return the consumers whose leases are overdue."""
    if not fleet.leased.lease_of:
        return []
    return list(fleet.leased.consumers_of(frozenset(leases.all_overdue(connection))))
