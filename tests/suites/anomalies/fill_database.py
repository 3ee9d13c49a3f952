"""A made-up history in a real database, to see what looking through it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, update

from berth.store import migrate
from berth.store.engine import Database
from berth.store.tables import audit, changes, head
from tests.suites.anomalies.activity import Fleet
from tests.suites.anomalies.records import Log

AT_ONCE = 5_000


def fill(url: str, days: int, scale: float) -> int:
    """Write a history into an empty database; returns how many records it has. Of the fleet only the past is there."""
    database = Database(url)
    migrate.upgrade(database)
    fleet = Fleet(Log(1), days, scale)
    fleet.plan()
    fleet.run()
    rows, facts = fleet.log.chain.rows, fleet.log.facts
    with database.migrating() as connection:
        connection.execute(audit.delete())
        connection.execute(changes.delete())
        for page in _pages(rows):
            connection.execute(insert(audit), page)
        for page in _pages([_change(row, text) for row, text in zip(rows, facts, strict=True) if text is not None]):
            connection.execute(insert(changes), page)
        end = {"number": fleet.log.changes, "audit_number": len(rows), "audit_hash": fleet.log.chain.hash}
        connection.execute(update(head).values(**end))
    database.close()
    return len(rows)


def _pages(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE))


def _change(row: dict[str, Any], text: str) -> dict[str, Any]:
    given = {name: row[name] for name in ("at", "operation", "actor", "request")}
    return {"number": row["change"], "facts": text, **given}
