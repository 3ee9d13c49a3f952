"""Poolers between Berth and PostgreSQL, such as PgBouncer: whether a session keeps its server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import psycopg

TRIES: Final = 3
"""How often to look whether a connection changes its server: another client may take the one that it had."""


def changes_servers(connection: psycopg.Connection[Any], connect: Callable[[], psycopg.Connection[Any]]) -> bool:
    """Whether a pooler hands out a connection for each transaction.

    One connection ends a transaction, and another begins one, which gets the server that the first one had. If the
    first is then answered by another server, its session is not its own.
    """
    return any(_is_taken(connection, connect) for _ in range(TRIES))


def _is_taken(connection: psycopg.Connection[Any], connect: Callable[[], psycopg.Connection[Any]]) -> bool:
    before = _process(connection)
    with connect() as other, other.transaction():
        other.execute("SELECT 1")
        return _process(connection) != before


def _process(connection: psycopg.Connection[Any]) -> int:
    """Return the number of the process that answers, in a transaction of its own."""
    with connection.transaction():
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
