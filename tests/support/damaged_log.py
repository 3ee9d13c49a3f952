"""Entries of the change log as an earlier Berth wrote them when it was given a float: sealed, and unreadable."""

from __future__ import annotations

import time

from sqlalchemy import text

from berth.model.caller import Caller
from berth.model.change import Change, Facts
from berth.store import audit, changes, head
from berth.store.engine import Database
from berth.store.head import Head

ADA = Caller(name="ada", via="embedded")


def append_entry(database: Database, operation: str, facts: str, *statements: str) -> int:
    """Append an entry with these facts as they are, seal it, and execute statements on the rows. Return its number."""
    with database.writing() as connection:
        at, now = head.lock(connection, database.capabilities), time.time_ns() // 1000
        number, chain = at.number + 1, audit.Chain(at.audit_number, at.audit_hash)
        changes.append(connection, [Change(number, now, operation, "ada", "req-1", Facts())], [facts])
        chain.add(now, ADA, "req-1", operation, "", change=number, facts=facts)
        audit.append(connection, chain)
        for statement in statements:
            connection.execute(text(statement))
        assert head.move(connection, at, Head(number, at.next_id, chain.number, chain.hash))
    return number
