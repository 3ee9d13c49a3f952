"""Watches: how a process notices, within microseconds, that others have written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final, Protocol

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite import dialect

from berth.model.errors import DatabaseUnusable
from berth.store import head
from berth.store.backend import LOCK_S, Unreachable
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.shared_query import SharedQuery


class Watch(Protocol):
    """Notices commits of others. Safe to share between threads."""

    def latest(self, wait_s: float = LOCK_S) -> Head | None:
        """Return the head as it was committed at the time of the call, or since.

        None if the head must be read to know, which then raises the reason. Raises as a transaction does, and
        Unavailable after waiting this long for other threads.
        """

    def close(self) -> None:
        """Close its connection."""


class FileWatch:
    """For SQLite, which counts for each connection what others commit, including those of the same process.

    The head is read only when that count has changed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None
        self._head: Head | None = None

    def latest(self, wait_s: float = LOCK_S) -> Head | None:  # noqa: ARG002 - no thread waits for a network here
        """See Watch."""
        try:
            with self._lock:
                version = self._query("PRAGMA data_version")[0]
                if version != self._version:
                    self._head = _valid(self._query(*_HEAD))
                    # What is committed between the two queries is read next time.
                    self._version = version
                return self._head
        except sqlite3.Error as error:
            raise self._database.translate(error) or error from error

    def _query(self, text: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """Return the first row of the result."""
        if self._connection is None:
            self._database.check_open()
            self._connection = sqlite3.connect(self._database.path, isolation_level=None, check_same_thread=False)
        with closing(self._connection.execute(text, values)) as result:
            row: tuple[Any, ...] = result.fetchone() or ()
        return row

    def close(self) -> None:
        """See Watch."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class RowWatch:
    """For other databases: reads the head row, once for all callers that called before the query began."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = SharedQuery(self._read_with_retry)

    def latest(self, wait_s: float = LOCK_S) -> Head:
        """See Watch."""
        return self._query.get(wait_s)

    def close(self) -> None:
        """See Watch."""

    def _read_with_retry(self) -> Head:
        try:
            return self._read()
        except Unreachable:
            # The connection may have been lost long ago, which says nothing about the database now.
            return self._read()

    def _read(self) -> Head:
        with self._database.looking() as connection:
            return head.read(connection)


def _valid(row: tuple[Any, ...]) -> Head | None:
    try:
        return head.head_of(row or None)
    except DatabaseUnusable:
        return None


def _compiled(statement: Select[Any]) -> tuple[str, list[Any]]:
    """Return a statement as text for SQLite's own driver, and its values."""
    compiled: Any = statement.compile(dialect=dialect())
    return str(compiled), [compiled.params[name] for name in compiled.positiontup]


_HEAD: Final = _compiled(head.READ)


def watch(database: Database) -> Watch:
    """Return the cheapest watch for a database."""
    return FileWatch(database) if database.capabilities.data_version else RowWatch(database)
