"""Usage reports."""

from __future__ import annotations

from berth.api.v1.route import Call
from berth.model.report import UsageReport


def report(call: Call) -> UsageReport:
    """Return the usage report; without capacity for a caller who may not see the fleet."""
    query = call.query
    found = call.ledger.report(
        query.by,
        since=query.since,
        until=query.until,
        resource_class=query.resource_class,
        project=query.project,
        limit=query.limit,
    )
    return found if call.policy.allows("fleet.show", call.caller) else found.without_capacity()
