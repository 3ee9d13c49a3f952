"""The databases that tests run on: SQLite, PostgreSQL and MariaDB, and empty ones of each kind.

``BERTH_TEST_POSTGRESQL``, ``BERTH_TEST_MARIADB``
    SQLAlchemy URLs of servers on which databases may be created and dropped, as an administrator. Default: 127.0.0.1
    and the usual ports.
``BERTH_TEST_DATABASE``
    ``sqlite``, ``postgresql`` or ``mariadb``: every test that opens a ledger runs on this one only. Default: all
    three; long suites run as a whole on SQLite, and in part on the others.
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
from tests.support.prerequisites import lacking

KINDS: Final = ("sqlite", "postgresql", "mariadb")
SERVED: Final = ("postgresql", "mariadb")
CHOICE: Final = "BERTH_TEST_DATABASE"
_USUAL: Final = {
    "postgresql": ("BERTH_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("BERTH_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/test"),
}
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql"}


def tried(kinds: Iterable[str] = KINDS) -> list[str]:
    """Those of these kinds that the tests are to run on: all, or the one that is chosen."""
    chosen = os.environ.get(CHOICE)
    if chosen and chosen not in KINDS:
        raise ValueError(f"{CHOICE} is {chosen!r}, which is none of {', '.join(KINDS)}")
    return [kind for kind in kinds if not chosen or kind == chosen]


def wholly(kind: str) -> bool:
    """Whether a suite that takes long runs on this kind as a whole: on the chosen one, or on SQLite.

    On the others it runs in part, always the same part.
    """
    return kind == (os.environ.get(CHOICE) or "sqlite")


def server(kind: str) -> URL:
    """Where databases of this kind may be made."""
    variable, usual = _USUAL[kind]
    url = make_url(os.environ.get(variable) or usual)
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


@contextmanager
def administrator(url: URL) -> Iterator[Connection]:
    """A connection on which every statement stands for itself."""
    limit = "connect_timeout"
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args={limit: 5})
    with engine.connect() as connection:
        yield connection


@cache
def missing(kind: str) -> str | None:
    """Why there is no such server; None if there is one."""
    if kind == "sqlite":
        return None
    try:
        with administrator(server(kind)):
            return None
    except exc.OperationalError as error:
        where = server(kind).render_as_string(hide_password=True)
        return f"no {kind} at {where} (set {_USUAL[kind][0]}): {str(error.orig).splitlines()[0]}"


def need(kind: str) -> None:
    """Skip the test, or fail it on CI, if there is no such server."""
    why = missing(kind)
    if why is not None:
        lacking(why)


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database in which nothing is. SQLite's file is in folder."""
    count("databases")
    name = f"berth_{uuid4().hex[:16]}"
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{name}.db"
        return
    at = server(kind)
    with administrator(at) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        url = at.set(drivername=at.get_backend_name(), database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        with administrator(at) as connection:
            connection.execute(text(f"DROP DATABASE {name}{' WITH (FORCE)' if kind == 'postgresql' else ''}"))


@contextmanager
def ledger_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty ledger."""
    with empty_database(kind, folder) as url:
        database = Database(url)
        try:
            migrate.upgrade(database)
        finally:
            database.close()
        yield url
