"""Connections: how a database is opened, read and written."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, event, exc, make_url
from sqlalchemy.engine import URL, ExceptionContext

from berth.logs.redaction import url_without_secrets
from berth.model.errors import BerthError, DatabaseUnusable, LedgerClosed
from berth.store.address import Address
from berth.store.backend import CONNECTIONS, LOCK_S, Backend, Busy, Capabilities, Purpose, ReadOnly, Unreachable

UNREACHABLE_S: Final = 0.1
"""How long an unreachable database is not tried again: callers get their error at once."""

POOLED: Final = "pooled"
"""The option of a URL that says whether a pooler hands out a connection for each transaction."""


def _backend(url: URL) -> Backend:
    """Return the backend that a URL names, and import no other's driver. Raises DatabaseUnusable if there is none."""
    name = url.drivername.partition("+")[0]
    if name == "sqlite":
        from berth.store.sqlite import SQLITE

        return SQLITE
    if name in ("postgresql", "postgres"):
        from berth.store.postgresql import POSTGRESQL

        return POSTGRESQL
    if name in ("mariadb", "mysql"):
        from berth.store.mariadb import MARIADB, MYSQL

        return MARIADB if name == "mariadb" else MYSQL
    raise DatabaseUnusable(f"{url.drivername} is not a supported database: use sqlite, postgresql, mariadb")


def parse_url(text: str) -> URL:
    """Return a database's URL with Berth's driver for it. Raises DatabaseUnusable if it names no database."""
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise DatabaseUnusable("the database is not given as a URL such as sqlite:///berth.db") from None
    backend = _backend(url)
    embedded = backend.capabilities.embedded
    if embedded and url.database in (None, "", ":memory:"):
        raise DatabaseUnusable("a ledger needs a file: sqlite:///berth.db")
    if not embedded and not url.database:
        raise DatabaseUnusable(f"the URL names a server but no database: {shown(url)}/NAME")
    return url.set(drivername=backend.driver)


def address_of(text: str) -> Address:
    """Return where a database is, from its URL and what that says of a pooler. Raises DatabaseUnusable."""
    url = parse_url(text)
    pooled = str(url.query.get(POOLED, "")).lower() in ("true", "1", "yes")
    if pooled and not _backend(url).poolable:
        raise DatabaseUnusable(
            f"{url.get_backend_name()} has no pooler that Berth knows: database_pooled must be false"
        )
    return Address(url.difference_update_query([POOLED]), pooled)


def shown(url: URL) -> str:
    """Return a URL as it may be shown: without passwords."""
    return url_without_secrets(url.render_as_string())


class Database:
    """One database, with pools of connections for each use. Safe to share between threads."""

    def __init__(self, text: str) -> None:
        self.address = address_of(text)
        self.url = self.address.url
        self._backend = _backend(self.url)
        self._engines: dict[Purpose, Engine] = {}
        self._free = {purpose: threading.BoundedSemaphore(count) for purpose, count in CONNECTIONS.items()}
        self._unreachable_until = -math.inf
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

    def writing(self, wait: bool = True) -> AbstractContextManager[Connection]:
        """Begin a transaction that commits at the end, or not at all.

        wait: whether to wait if another process or thread has an embedded database; otherwise Busy is raised at once.
        """
        return self._transaction(Purpose.WRITE, wait)

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
        for engine in list(self._engines.values()):
            engine.dispose()

    @contextmanager
    def _transaction(self, purpose: Purpose, wait: bool = True) -> Iterator[Connection]:
        self.check_open()
        began = time.monotonic()
        self._check_reachable(began)
        if not self._free[purpose].acquire(timeout=self.address.remaining_s(LOCK_S) if wait else 0):
            raise Busy(f"{self.shown} has all its connections in use by this process")
        try:
            self._check_reachable(began)
            with self._connected(purpose, wait) as connection:
                yield connection
        finally:
            self._free[purpose].release()

    def _check_reachable(self, began: float) -> None:
        """Raise Unreachable if a connection failed just now, or while this caller, who began then, waited for one."""
        if time.monotonic() < self._unreachable_until or began <= self._unreachable_until - UNREACHABLE_S:
            raise Unreachable(f"{self.shown} cannot be reached")

    @contextmanager
    def _connected(self, purpose: Purpose, wait: bool) -> Iterator[Connection]:
        connected = False
        try:
            with self._engine(purpose).connect() as connection:
                if not wait:
                    connection.execution_options(wait=False)
                with connection.begin():
                    connected = True
                    yield connection
        except exc.DBAPIError as error:
            translated = None if error.orig is None else self.translate(error.orig)
            if translated is None:
                raise
            if isinstance(translated, Unreachable):
                self._note_unreachable(purpose, connected)
            raise translated from error
        except (TypeError, AssertionError) as error:  # a driver's, which knows an option or a server of this kind not
            if connected:
                raise
            raise DatabaseUnusable(f"{self.shown} cannot be opened: {error}") from error

    def _note_unreachable(self, purpose: Purpose, connected: bool) -> None:
        if not connected:
            self._unreachable_until = time.monotonic() + UNREACHABLE_S
        elif purpose in (Purpose.WRITE, Purpose.LOOK):
            for engine in list(self._engines.values()):  # their idle connections are to the same server: it may hang
                engine.dispose()

    def _engine(self, purpose: Purpose) -> Engine:
        engine = self._engines.get(purpose)
        if engine is None:
            engine = self._backend.connect(self.address, purpose)
            event.listen(engine, "handle_error", partial(_mark_lost, self._backend))
            engine = self._engines.setdefault(purpose, engine)
        return engine


def _mark_lost(backend: Backend, context: ExceptionContext) -> None:
    """Let the pool close connections that are of no more use, instead of trying to roll back on them."""
    failure = backend.explain(context.original_exception)
    if failure is not None and issubclass(failure.kind, Unreachable | ReadOnly):
        context.is_disconnect = True
