"""How a process notices, at the cost of microseconds, that others have written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final, Protocol

from sqlalchemy import Select, select
from sqlalchemy.dialects.sqlite import dialect

from berth.store import head
from berth.store.backend import Away
from berth.store.engine import Database
from berth.store.tables import head as table


class Watch(Protocol):
    """Notices what others commit. Not safe to share between threads."""

    def unchanged(self, number: int) -> bool:
        """Whether nothing was committed after the change of this number, up to which all was taken in."""

    def taken_in(self) -> None:
        """All that was there when `unchanged` last said no has been taken in."""

    def close(self) -> None:
        """End its connection."""


class FileWatch:
    """SQLite counts, for each connection, what others commit: also other connections of the same process.

    When the count moves, the head is looked at: a process need not follow its own commits as if they were others'.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._known: int | None = None
        self._seen: int | None = None

    def unchanged(self, number: int) -> bool:
        """See Watch."""
        if self._connection is None:
            self._database.check_open()
        try:
            self._seen = self._asked("PRAGMA data_version")[0]
            if self._seen != self._known and self._asked(*_HEAD) == (number, head.REVISIONS[-1]):
                self._known = self._seen
        except sqlite3.Error as error:
            raise self._database.told(error) or error from error
        return self._seen == self._known

    def _asked(self, question: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The first row of the answer."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._database.path, isolation_level=None, check_same_thread=False)
        with closing(self._connection.execute(question, values)) as answer:
            row: tuple[Any, ...] = answer.fetchone() or ()
        return row

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


class TurnWatch:
    """Asks another watch once in each turn of an event loop: whatever else runs in that turn was asked for before.

    To be made in the loop's thread; later: what calls something after all that the loop has to do by now. In any other
    thread the other watch is asked each time.
    """

    def __init__(self, watch: Watch, later: Callable[[Callable[[], None]], object]) -> None:
        self._watch, self._later = watch, later
        self._thread = threading.get_ident()
        self._looked = False

    def unchanged(self, number: int) -> bool:
        """See Watch."""
        if self._looked and threading.get_ident() == self._thread:
            return True
        if not self._watch.unchanged(number):
            return False
        self._note()
        return True

    def taken_in(self) -> None:
        """See Watch."""
        self._watch.taken_in()
        self._note()

    def close(self) -> None:
        """See Watch."""
        self._watch.close()

    def _note(self) -> None:
        if not self._looked and threading.get_ident() == self._thread:
            self._looked = True
            self._later(self._forget)

    def _forget(self) -> None:
        self._looked = False


def _compiled(statement: Select[Any]) -> tuple[str, list[Any]]:
    """A statement as SQLite's own driver takes it, and its values."""
    compiled: Any = statement.compile(dialect=dialect())
    return str(compiled), [compiled.params[name] for name in compiled.positiontup]


_HEAD: Final = _compiled(select(table.c.number, table.c.revision).where(table.c.id == 1))


def watch(database: Database) -> Watch:
    """The cheapest way that a database offers."""
    return FileWatch(database) if database.capabilities.data_version else RowWatch(database)
