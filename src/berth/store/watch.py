"""Watches: how a process notices, within microseconds, that others have written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final, Protocol

from sqlalchemy import Select, select
from sqlalchemy.dialects.sqlite import dialect

from berth.store import head
from berth.store.backend import Unreachable
from berth.store.engine import Database
from berth.store.tables import head as table


class Watch(Protocol):
    """Notices commits of others. Safe to share between threads."""

    def latest(self) -> int | None:
        """Return the number of the last change that was committed at the time of the call, or since.

        None if the head must be read to know, which then raises the reason. Raises as a transaction does.
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
        self._number: int | None = None

    def latest(self) -> int | None:
        """See Watch."""
        try:
            with self._lock:
                version = self._query("PRAGMA data_version")[0]
                if version != self._version:
                    number, revision = self._query(*_HEAD)
                    self._number = number if revision == head.REVISIONS[-1] else None
                    # What is committed between the two queries is read next time.
                    self._version = version
                return self._number
        except sqlite3.Error as error:
            raise self._database.translate(error) or error from error

    def _query(self, text: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """Return the first row of the result."""
        if self._connection is None:
            self._database.check_open()
            self._connection = sqlite3.connect(self._database.path, isolation_level=None, check_same_thread=False)
        with closing(self._connection.execute(text, values)) as result:
            row: tuple[Any, ...] = result.fetchone() or (None, None)
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
        self._turn = threading.Lock()
        self._started = 0
        self._ended = (0, 0)  # the last query that succeeded, and its result

    def latest(self) -> int:
        """See Watch."""
        before = self._started
        with self._turn:
            query, number = self._ended
            if query > before:  # it began after this call
                return number
            self._started += 1
            number = self._read_with_retry()
            self._ended = (self._started, number)
            return number

    def close(self) -> None:
        """See Watch."""

    def _read_with_retry(self) -> int:
        try:
            return self._read()
        except Unreachable:
            # The connection may have been lost long ago, which says nothing about the database now.
            return self._read()

    def _read(self) -> int:
        with self._database.looking() as connection:
            return head.read(connection).number


def _compiled(statement: Select[Any]) -> tuple[str, list[Any]]:
    """Return a statement as text for SQLite's own driver, and its values."""
    compiled: Any = statement.compile(dialect=dialect())
    return str(compiled), [compiled.params[name] for name in compiled.positiontup]


_HEAD: Final = _compiled(select(table.c.number, table.c.revision).where(table.c.id == 1))


def watch(database: Database) -> Watch:
    """Return the cheapest watch for a database."""
    return FileWatch(database) if database.capabilities.data_version else RowWatch(database)
