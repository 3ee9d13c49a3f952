"""Connections: how a database is opened, read and written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, exc, make_url
from sqlalchemy.engine import URL

from berth.logs.redaction import url_without_secrets
from berth.model.errors import BerthError, DatabaseUnusable, LedgerClosed, Unavailable
from berth.store.backend import Backend, Capabilities, Purpose, Unreachable
from berth.store.mariadb import MARIADB, MYSQL
from berth.store.postgresql import POSTGRESQL
from berth.store.sqlite import SQLITE

UNREACHABLE_S: Final = 0.1
"""How long an unreachable database is not tried again: callers get their error at once."""

_BACKENDS: Final = {
    "sqlite": SQLITE,
    "postgresql": POSTGRESQL,
    "postgres": POSTGRESQL,
    "mariadb": MARIADB,
    "mysql": MYSQL,
}


def parse_url(text: str) -> URL:
    """Return a database's URL with Berth's driver for it. Raises DatabaseUnusable if it names no database."""
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise DatabaseUnusable("the database is not given as a URL such as sqlite:///berth.db") from None
    backend = _BACKENDS.get(url.drivername.partition("+")[0])
    if backend is None:
        raise DatabaseUnusable(f"{url.drivername} is not a database that Berth knows: sqlite, postgresql, mariadb")
    if backend is SQLITE and url.database in (None, "", ":memory:"):
        raise DatabaseUnusable("a ledger needs a file: sqlite:///berth.db")
    if backend is not SQLITE and not url.database:
        raise DatabaseUnusable(f"the URL names a server but no database: {shown(url)}/NAME")
    return url.set(drivername=backend.driver)


def shown(url: URL) -> str:
    """Return a URL as it may be shown: without passwords."""
    return url_without_secrets(url.render_as_string())


class Database:
    """One database, with pools of connections for each use. Safe to share between threads."""

    def __init__(self, text: str) -> None:
        self.url = parse_url(text)
        self._backend: Backend = _BACKENDS[self.url.get_backend_name()]
        self._engines: dict[Purpose, Engine] = {}
        self._unreachable_until = 0.0
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        """What this database can do."""
        return self._backend.capabilities

    @cached_property
    def shown(self) -> str:
        """The database's name in messages: its file, or its URL without the password."""
        if self.capabilities.embedded:
            return str(self.path)
        return f"the database at {shown(self.url.set(drivername=self.url.get_backend_name()))}"

    @property
    def path(self) -> Path:
        """The file of an embedded database."""
        return Path(self.url.database or "")

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that sees one moment of the database."""
        return self._transaction(Purpose.READ)

    def writing(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that commits at the end, or not at all."""
        return self._transaction(Purpose.WRITE)

    def looking(self) -> AbstractContextManager[Connection]:
        """Open a connection for single queries, each answered as of now."""
        return self._transaction(Purpose.LOOK)

    def migrating(self) -> AbstractContextManager[Connection]:
        """Begin a writing transaction without time limits."""
        return self._transaction(Purpose.MIGRATE)

    def check_open(self) -> None:
        """Raise LedgerClosed if this database was closed."""
        if self._closed:
            raise LedgerClosed(f"{self.shown} was closed by this program: open it again")

    def translate(self, error: BaseException) -> BerthError | None:
        """Return the error to raise instead of a driver's, or None if that is a fault of Berth's."""
        failure = self._backend.explain(error)
        return None if failure is None else failure.kind(f"{self.shown} {failure.words}")

    def close(self) -> None:
        """Close every connection for good: from now on, LedgerClosed is raised."""
        self._closed = True
        for engine in self._engines.values():
            engine.dispose()

    @contextmanager
    def _transaction(self, purpose: Purpose) -> Iterator[Connection]:
        self.check_open()
        if time.monotonic() < self._unreachable_until:
            raise Unreachable(f"{self.shown} cannot be reached")
        connected = False
        try:
            with self._engine(purpose).begin() as connection:
                connected = True
                yield connection
        except exc.DBAPIError as error:
            translated = None if error.orig is None else self.translate(error.orig)
            if translated is None:
                raise
            if isinstance(translated, Unreachable) and not connected:
                self._unreachable_until = time.monotonic() + UNREACHABLE_S
            raise translated from error
        except exc.TimeoutError as error:
            raise Unavailable("all connections to the database are in use") from error

    def _engine(self, purpose: Purpose) -> Engine:
        engine = self._engines.get(purpose)
        if engine is None:
            engine = self._engines.setdefault(purpose, self._backend.connect(self.url, purpose))
        return engine
