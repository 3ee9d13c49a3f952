"""A ledger's rows, kept and put back under the processes that have it open, as a restore or a failover does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from berth.store.engine import Database
from berth.store.tables import metadata

Rows = dict[str, list[dict[str, Any]]]


def kept_rows(database: Database) -> Rows:
    """Return all rows of a ledger, as a backup or a standby that gets no more would have them."""
    with database.reading() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def restore(database: Database, rows: Rows) -> None:
    """Replace all rows of a ledger in one transaction."""
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for table in metadata.sorted_tables:
            if rows[table.name]:
                connection.execute(table.insert(), rows[table.name])
