"""Empty databases to test on, gone again afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, NullPool, create_engine, exc, make_url, text

KINDS: Final = ("sqlite", "postgresql", "mariadb")
SERVED: Final = ("postgresql", "mariadb")
_USUAL: Final = {
    "postgresql": ("BERTH_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("BERTH_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/test"),
}
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql"}


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
    if why is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database in which nothing is. SQLite's file is in folder."""
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
