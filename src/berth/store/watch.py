"""How a process notices, at the cost of microseconds, that others have written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Protocol

from berth.store import head
from berth.store.backend import Away
from berth.store.engine import Database


class Watch(Protocol):
    """Notices what others commit. Not safe to share between threads."""

    def unchanged(self, number: int) -> bool:
        """Whether nothing was committed after the change of this number, up to which all was taken in."""

    def taken_in(self) -> None:
        """All that was there when `unchanged` last said no has been taken in."""

    def close(self) -> None:
        """End its connection."""


class FileWatch:
    """SQLite counts, for each connection, what others commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._known: int | None = None
        self._seen: int | None = None

    def unchanged(self, number: int) -> bool:  # noqa: ARG002 - it needs no number
        """See Watch."""
        if self._connection is None:
            self._database.check_open()
        try:
            self._seen = self._counted()
        except sqlite3.Error as error:
            raise self._database.told(error) or error from error
        return self._seen == self._known

    def _counted(self) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(self._database.path, isolation_level=None, check_same_thread=False)
        with closing(self._connection.execute("PRAGMA data_version")) as counted:
            number: int = counted.fetchone()[0]
        return number

    def taken_in(self) -> None:
        """See Watch."""
        self._known = self._seen

    def close(self) -> None:
        """See Watch."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class RowWatch:
    """Elsewhere, the head row is looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unchanged(self, number: int) -> bool:
        """See Watch."""
        try:
            return self._number() == number
        except Away:
            # The connection may have been lost long ago: that says nothing of the database now.
            return self._number() == number

    def taken_in(self) -> None:
        """See Watch."""

    def close(self) -> None:
        """See Watch."""

    def _number(self) -> int:
        with self._database.looking() as connection:
            return head.read(connection).number


def watch(database: Database) -> Watch:
    """The cheapest way that a database offers."""
    return FileWatch(database) if database.capabilities.data_version else RowWatch(database)
