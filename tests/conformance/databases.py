"""An empty database for one server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, Connection, create_engine, make_url, text

SERVERS = {"postgresql": "BERTH_TEST_POSTGRESQL", "mariadb": "BERTH_TEST_MARIADB"}


def database_kind() -> str:
    """``sqlite``, ``postgresql`` or ``mariadb``."""
    return os.environ.get("CONFORMANCE_DATABASE", "sqlite")


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """The URL of a database in which nothing is, gone after the block.  SQLite's file is in ``folder``."""
    kind = database_kind()
    if kind == "sqlite":
        yield f"sqlite:///{folder}/berth.db"
        return
    server = make_url(os.environ[SERVERS[kind]])
    name = f"berth_{uuid4().hex}"
    with _administrator(server) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with _administrator(server) as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))


@contextmanager
def _administrator(server: URL) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
