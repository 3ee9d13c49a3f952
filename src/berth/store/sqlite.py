"""SQLite: a file that several processes of one machine may open."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from berth.model.errors import DatabaseUnusable, Unavailable
from berth.store.address import Address
from berth.store.backend import CONNECTIONS, LOCK_S, Backend, Busy, Capabilities, Failure, Purpose, StaleRead

_CACHE_KIB: Final = {Purpose.READ: 4096, Purpose.WRITE: 16384, Purpose.LOOK: 1024, Purpose.MIGRATE: 16384}
"""How many KiB of pages each connection keeps in memory: together less than 70 MiB in a process."""

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
    "SQLITE_BUSY": Failure(Busy, "is being written by another process"),
    "SQLITE_LOCKED": Failure(Busy, "is being written by another process"),
    "SQLITE_SCHEMA": Failure(Unavailable, "is being migrated"),
    "SQLITE_CONSTRAINT": Failure(StaleRead, "was written to by another program at the same moment"),
}


def _connect(address: Address, purpose: Purpose) -> Engine:
    engine = create_engine(
        address.url,
        hide_parameters=True,  # an error's text is logged, and values may be confidential
        poolclass=QueuePool,
        pool_size=CONNECTIONS[purpose],
        max_overflow=0,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": LOCK_S},
    )
    event.listen(engine, "connect", lambda connection, _record: _prepare(connection, purpose))
    if purpose in (Purpose.READ, Purpose.WRITE):
        # This changes the file, which may be another program's until it has been checked.
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA journal_mode=WAL"))
    event.listen(engine, "begin", _begin_reading if purpose in (Purpose.READ, Purpose.LOOK) else _begin_writing)
    return engine


_BUSY_TIMEOUT: Final = "busy_timeout"
"""Where a connection notes for how long it waits for the file, in seconds."""


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN DEFERRED")


def _begin_writing(connection: Connection) -> None:
    """Lock the file from the start: a reader that becomes a writer may have read outdated data."""
    wait_s = LOCK_S if connection.get_execution_options().get("wait", True) else 0
    if connection.info.get(_BUSY_TIMEOUT, LOCK_S) != wait_s:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_s * 1000}").close()
        connection.info[_BUSY_TIMEOUT] = wait_s
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare(connection: sqlite3.Connection, purpose: Purpose) -> None:
    cache = f"cache_size=-{_CACHE_KIB[purpose]}"
    # FULL: a commit is on the disk before it is acknowledged, also in WAL mode.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", cache):
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
