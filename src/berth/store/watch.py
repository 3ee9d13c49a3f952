"""How a process notices, at the cost of microseconds, that others have written."""

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
    """Notices what others commit. Safe to share between threads."""

    def latest(self) -> int | None:
        """The number of the last change that was committed when this was asked, or since.

        None if it cannot be told: whoever reads the head is told why. Raises as a transaction does.
        """

    def close(self) -> None:
        """End its connection."""


class FileWatch:
    """SQLite counts, for each connection, what others commit: also other connections of the same process.

    Only when that count moves is the head looked at.
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
                version = self._asked("PRAGMA data_version")[0]
                if version != self._version:
                    number, revision = self._asked(*_HEAD)
                    self._number = number if revision == head.REVISIONS[-1] else None
                    # What is committed between the two questions is asked for again next time.
                    self._version = version
                return self._number
        except sqlite3.Error as error:
            raise self._database.told(error) or error from error

    def _asked(self, question: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The first row of the answer."""
        if self._connection is None:
            self._database.check_open()
            self._connection = sqlite3.connect(self._database.path, isolation_level=None, check_same_thread=False)
        with closing(self._connection.execute(question, values)) as answer:
            row: tuple[Any, ...] = answer.fetchone() or (None, None)
        return row

    def close(self) -> None:
        """See Watch."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class RowWatch:
    """Elsewhere the head row is looked at: once for all who had asked before that look began."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._begun = 0
        self._ended = (0, 0)  # the last look that had an answer, and that

    def latest(self) -> int:
        """See Watch."""
        before = self._begun
        with self._turn:
            look, number = self._ended
            if look > before:  # somebody has looked who began after this was asked
                return number
            self._begun += 1
            number = self._looked()
            self._ended = (self._begun, number)
            return number

    def close(self) -> None:
        """See Watch."""

    def _looked(self) -> int:
        try:
            return self._number()
        except Unreachable:
            # The connection may have been lost long ago: that says nothing of the database now.
            return self._number()

    def _number(self) -> int:
        with self._database.looking() as connection:
            return head.read(connection).number


def _compiled(statement: Select[Any]) -> tuple[str, list[Any]]:
    """A statement as SQLite's own driver takes it, and its values."""
    compiled: Any = statement.compile(dialect=dialect())
    return str(compiled), [compiled.params[name] for name in compiled.positiontup]


_HEAD: Final = _compiled(select(table.c.number, table.c.revision).where(table.c.id == 1))


def watch(database: Database) -> Watch:
    """The cheapest way that a database offers."""
    return FileWatch(database) if database.capabilities.data_version else RowWatch(database)
