"""SQLite: a file that several processes of one machine may open."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from berth.model.errors import DatabaseUnusable, Unavailable
from berth.store.backend import LOCK_S, Backend, Capabilities, Failure, Purpose, StaleRead

_CONNECTIONS: Final = {Purpose.READ: 8, Purpose.WRITE: 1, Purpose.LOOK: 1, Purpose.MIGRATE: 1}

_EXPLAINED: Final = {
    "SQLITE_NOTADB": Failure(DatabaseUnusable, "is not a database"),
    "SQLITE_CANTOPEN": Failure(
        DatabaseUnusable, "cannot be opened or created: does its folder exist, and may this user write to it?"
    ),
    "SQLITE_READONLY": Failure(DatabaseUnusable, "is read-only for this user"),
    "SQLITE_PERM": Failure(DatabaseUnusable, "is read-only for this user"),
    "SQLITE_FULL": Failure(DatabaseUnusable, "cannot grow: the disk is full"),
    "SQLITE_IOERR": Failure(DatabaseUnusable, "cannot be read or written: the disk reports an error, or is full"),
    "SQLITE_CORRUPT": Failure(DatabaseUnusable, "is damaged: restore a backup"),
    "SQLITE_BUSY": Failure(Unavailable, "is being written by another process"),
    "SQLITE_LOCKED": Failure(Unavailable, "is being written by another process"),
    "SQLITE_SCHEMA": Failure(Unavailable, "is being migrated"),
    "SQLITE_CONSTRAINT": Failure(StaleRead, "was written to by another program at the same moment"),
}


def _connect(url: URL, purpose: Purpose) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,  # an error's text is logged, and values may be confidential
        poolclass=QueuePool,
        pool_size=_CONNECTIONS[purpose],
        max_overflow=0,
        pool_timeout=LOCK_S,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": LOCK_S},
    )
    # A writer locks from the start: a reader that becomes a writer may have read outdated data.
    begin = "BEGIN DEFERRED" if purpose in (Purpose.READ, Purpose.LOOK) else "BEGIN IMMEDIATE"
    event.listen(engine, "connect", _prepare)
    if purpose in (Purpose.READ, Purpose.WRITE):
        # This changes the file, which may be another program's until it has been checked.
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA journal_mode=WAL"))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # FULL: a commit is on the disk before it is acknowledged, also in WAL mode.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _explain(error: BaseException) -> Failure | None:
    code = getattr(error, "sqlite_errorname", None) or ""
    for prefix, why in _EXPLAINED.items():
        if code.startswith(prefix):
            return why
    if isinstance(error, sqlite3.OperationalError):  # no such table, no such column
        return Failure(DatabaseUnusable, f"is not as this Berth expects ({error}): see `berth db check`")
    return None


SQLITE: Final = Backend(
    driver="sqlite",
    capabilities=Capabilities(embedded=True, data_version=True, row_locks=False, transactional_ddl=True, roles=False),
    connect=_connect,
    explain=_explain,
)
