"""A lease that is overdue, without waiting for it."""

from __future__ import annotations

from sqlalchemy import update

from berth.ledger import Ledger
from berth.store import tables
from berth.store.engine import Database


def make_overdue(ledger: Ledger, database_url: str, lease: str) -> None:
    """Let a lease be as if nobody had renewed it for long, and sweep."""
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(update(tables.leases).where(tables.leases.c.uuid == lease).values(deadline=1))
    database.close()
    ledger.sweep()
