"""The fleet, built from the rows of one moment."""

from __future__ import annotations

from sqlalchemy import Connection

from berth.fleet.state.build import FleetRows, build
from berth.fleet.state.fleet import Fleet
from berth.store import consumers, drains, fleet_rows, leases, names
from berth.store.head import Head


def built_fleet(connection: Connection, at: Head, now: int) -> Fleet:
    """Return the fleet as the rows have it, at an instant in microseconds since 1970 UTC."""
    fleet = build(
        FleetRows(
            names=names.all_names(connection),
            providers=fleet_rows.all_providers(connection),
            inventories=fleet_rows.all_inventories(connection),
            traits=fleet_rows.all_traits(connection),
            aggregates=fleet_rows.all_aggregates(connection),
            used=consumers.used(connection),
            head=at.number,
            ending=consumers.ending(connection),
            leased=leases.leased(connection) if at.beat else (),
            aggregate_names=names.aggregate_names(connection),
            drains=drains.all_drains(connection),
        )
    )
    if fleet.lapses.next_due <= now:
        fleet.advance(now)
    return fleet
