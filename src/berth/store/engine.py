"""Connections: how each database is opened, what it can do, and how its failures read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool, QueuePool

from berth.model.errors import DatabaseUnusable, Unavailable

SQLITE_BUSY_S = 30
"""How long a SQLite writer waits for another process's transaction to end."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a database can do, by name; queries ask these, never which database it is.

    embedded: lives in a file of ours, so that Berth itself migrates it; data_version: tells in
    microseconds, without a query, whether another connection has committed; row_locks: locks rows
    with SELECT ... FOR UPDATE (SQLite instead begins the whole transaction as a writer).
    """

    embedded: bool
    data_version: bool
    row_locks: bool


EMBEDDED = Capabilities(embedded=True, data_version=True, row_locks=False)
SERVED = Capabilities(embedded=False, data_version=False, row_locks=True)

_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


def parse_url(text: str) -> URL:
    """The database that a URL names, with the driver Berth uses for it; DatabaseUnusable if it names none."""
    try:
        url = make_url(text)
    except exc.ArgumentError:
        raise DatabaseUnusable("the database is not given as a URL such as sqlite:///berth.db") from None
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise DatabaseUnusable(f"{url.get_backend_name()} is not a database that Berth knows: sqlite, postgresql, mariadb")
    if driver == "sqlite" and url.database in (None, "", ":memory:"):
        raise DatabaseUnusable("a ledger needs a file: sqlite:///berth.db")
    return url.set(drivername=driver)


class Database:
    """One database: a pool to read with, and one connection at a time to write with."""

    def __init__(self, text: str) -> None:
        self.url = parse_url(text)
        embedded = self.url.get_backend_name() == "sqlite"
        self.capabilities = EMBEDDED if embedded else SERVED
        self.reader = _engine(self.url, embedded, "DEFERRED")
        self.writer = _engine(self.url, embedded, "IMMEDIATE")
        self._watch: sqlite3.Connection | None = None

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def path(self) -> Path:
        """The file of an embedded database."""
        return Path(self.url.database or "")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database."""
        with explained(self), self.reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end, or not at all."""
        with explained(self), self.writer.begin() as connection:
            yield connection

    def data_version(self) -> int:
        """A number that differs after any other connection has committed (capability data_version)."""
        if self._watch is None:
            # Of its own, because SQLite counts per connection; used under the ledger's lock only.
            self._watch = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        row: tuple[int] = self._watch.execute("PRAGMA data_version").fetchone()
        return row[0]

    def close(self) -> None:
        """Close every connection."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.reader.dispose()
        self.writer.dispose()


def _engine(url: URL, embedded: bool, begin: str) -> Engine:
    if not embedded:
        # REPEATABLE READ: a transaction sees one moment. A writer takes the head row's lock with its
        # first statement, so it must see what was committed before it got it: READ COMMITTED there.
        level = "REPEATABLE READ" if begin == "DEFERRED" else "READ COMMITTED"
        return create_engine(url, isolation_level=level, pool_pre_ping=True, pool_size=8, max_overflow=8)
    engine = create_engine(
        url,
        poolclass=QueuePool if begin == "DEFERRED" else NullPool if url.database is None else QueuePool,
        pool_size=8 if begin == "DEFERRED" else 1,
        max_overflow=0,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": SQLITE_BUSY_S},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {begin}"))
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # FULL: a commit is on the disk before it is acknowledged, also in WAL mode.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


_UNUSABLE = {
    "SQLITE_NOTADB": "is not a database",
    "SQLITE_CANTOPEN": "cannot be opened or made: is its folder there, and may this user write to it?",
    "SQLITE_READONLY": "is read-only for this user",
    "SQLITE_FULL": "cannot grow: the disk is full",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error, or is full",
    "SQLITE_CORRUPT": "is damaged",
}


@contextmanager
def explained(database: Database) -> Iterator[None]:
    """Failures of the database as DatabaseUnusable (nothing will help but a person) or Unavailable (ask again)."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _explain(database, error.orig) from error
    except exc.TimeoutError as error:
        raise Unavailable("all connections to the database are in use") from error


def _explain(database: Database, error: BaseException | None) -> Exception:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorname", None) or ""
        for prefix, why in _UNUSABLE.items():
            if code.startswith(prefix):
                return DatabaseUnusable(f"{database.path} {why}")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Unavailable(f"{database.path} is being written by another process")
    if isinstance(error, sqlite3.IntegrityError):
        return Unavailable("another process wrote at the same moment")
    return Unavailable(f"the database at {database.shown} did not answer: {type(error).__name__}")
