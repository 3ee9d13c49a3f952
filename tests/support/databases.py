"""Databases that tests run on: SQLite, PostgreSQL and MariaDB.

``BERTH_TEST_POSTGRESQL``, ``BERTH_TEST_MARIADB``
    SQLAlchemy URLs of servers on which databases may be created and dropped, as an administrator. Default: 127.0.0.1
    and the usual ports.
``BERTH_TEST_DATABASE``
    ``sqlite``, ``postgresql`` or ``mariadb``: every test that opens a ledger runs on this one only. Default: all
    three; long suites run as a whole on SQLite, and in part on the others.
``BERTH_TEST_LONG``
    If set, long suites run as a whole on all three, and trials in their full form.
``CI``
    If ``true``, a database that is missing fails the tests; otherwise they are skipped, with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import URL, Connection, NullPool, create_engine, exc, make_url, text

from berth.store import migrate
from berth.store.engine import Database
from tests.budget import count
from tests.support.prerequisites import skip_or_fail

KINDS: Final = ("sqlite", "postgresql", "mariadb")
SERVER_KINDS: Final = ("postgresql", "mariadb")
CHOICE: Final = "BERTH_TEST_DATABASE"
LONG: Final = "BERTH_TEST_LONG"
_USUAL: Final = {
    "postgresql": ("BERTH_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("BERTH_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/test"),
}
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql"}


def chosen_kinds(kinds: Iterable[str] = KINDS) -> list[str]:
    """Return which of these kinds the tests run on: all, or the one in BERTH_TEST_DATABASE."""
    chosen = os.environ.get(CHOICE)
    if chosen and chosen not in KINDS:
        raise ValueError(f"{CHOICE} is {chosen!r}, which is none of {', '.join(KINDS)}")
    return [kind for kind in kinds if not chosen or kind == chosen]


def runs_whole(kind: str) -> bool:
    """Whether a long suite runs as a whole on this kind: on the chosen one, or on SQLite; in the long form on all.

    On the others it runs in part, always the same part.
    """
    return is_long() or kind == (os.environ.get(CHOICE) or "sqlite")


def is_long() -> bool:
    """Whether this is the long form, `make test-all`: everything, on every kind of database."""
    return LONG in os.environ


def server_url(kind: str) -> URL:
    """Return the server on which databases of this kind are created."""
    variable, usual = _USUAL[kind]
    url = make_url(os.environ.get(variable) or usual)
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


@contextmanager
def admin_connection(url: URL) -> Iterator[Connection]:
    """Open an administrator's connection that commits every statement."""
    limit = "connect_timeout"
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args={limit: 5})
    with engine.connect() as connection:
        yield connection


@cache
def why_missing(kind: str) -> str | None:
    """Return why there is no server of this kind; None if there is one."""
    if kind == "sqlite":
        return None
    try:
        with admin_connection(server_url(kind)):
            return None
    except exc.OperationalError as error:
        where = server_url(kind).render_as_string(hide_password=True)
        return f"no {kind} at {where} (set {_USUAL[kind][0]}): {str(error.orig).splitlines()[0]}"


def require_database(kind: str) -> None:
    """Skip the test, or in CI fail it, if there is no server of this kind."""
    reason = why_missing(kind)
    if reason is not None:
        skip_or_fail(reason)


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """Create an empty database, yield its URL, and drop it. SQLite's file is in the folder."""
    count("databases")
    name = f"berth_{uuid4().hex[:16]}"
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{name}.db"
        return
    at = server_url(kind)
    with admin_connection(at) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        url = at.set(drivername=at.get_backend_name(), database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        with admin_connection(at) as connection:
            connection.execute(text(f"DROP DATABASE {name}{' WITH (FORCE)' if kind == 'postgresql' else ''}"))


@contextmanager
def ledger_database(kind: str, folder: Path) -> Iterator[str]:
    """Create an empty ledger, yield its URL, and drop it."""
    with empty_database(kind, folder) as url:
        database = Database(url)
        try:
            migrate.upgrade(database)
        finally:
            database.close()
        yield url
