"""MariaDB (and MySQL), through PyMySQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pymysql
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from berth.model.errors import DatabaseUnusable, Unavailable
from berth.store.backend import (
    CONNECT_S,
    IDLE_S,
    LOCK_S,
    LOOK_S,
    READ_S,
    WRITE_S,
    Backend,
    Capabilities,
    Failure,
    Purpose,
    StaleRead,
    Unreachable,
)

_ISOLATION: Final = {
    Purpose.READ: "REPEATABLE READ",  # all statements of a read see one moment
    Purpose.WRITE: "READ COMMITTED",  # a write must see what was committed before it got the head's lock
    Purpose.LOOK: "AUTOCOMMIT",
    Purpose.MIGRATE: "READ COMMITTED",
}
_STATEMENT_S: Final = {Purpose.READ: READ_S, Purpose.WRITE: WRITE_S, Purpose.LOOK: LOOK_S, Purpose.MIGRATE: 0}
_CONNECTIONS: Final = {Purpose.READ: 8, Purpose.WRITE: 1, Purpose.LOOK: 1, Purpose.MIGRATE: 1}
_GRACE_S: Final = 2
_NO_LIMIT_S: Final = 24 * 3600


def _connect(url: URL, purpose: Purpose) -> Engine:
    limit_s = _STATEMENT_S[purpose]
    answer_s = limit_s + _GRACE_S if limit_s else _NO_LIMIT_S
    engine = create_engine(
        url,
        hide_parameters=True,  # an error's text is logged, and values may be confidential
        isolation_level=_ISOLATION[purpose],
        pool_pre_ping=purpose is Purpose.READ,  # writes and looks are retried, which costs less
        pool_size=_CONNECTIONS[purpose],
        max_overflow=0,
        pool_timeout=LOCK_S,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_S,
            "read_timeout": answer_s,
            "write_timeout": answer_s,
            "charset": "utf8mb4",
        },
    )
    event.listen(engine, "connect", lambda connection, _record: _prepare(connection, purpose))
    return engine


def _prepare(connection: Any, purpose: Purpose) -> None:
    settings = {"innodb_lock_wait_timeout": LOCK_S, "sql_mode": "'TRADITIONAL'"}
    if "MariaDB" in connection.get_server_info():
        settings["max_statement_time"] = _STATEMENT_S[purpose]
        if purpose is not Purpose.MIGRATE:
            settings["idle_transaction_timeout"] = IDLE_S
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION " + ", ".join(f"{name} = {value}" for name, value in settings.items()))


_EXPLAINED: Final = {
    (1040, 1203, 1226): Failure(Unreachable, "has no connection left"),
    (1053, 1077, 1079): Failure(Unreachable, "is shutting down or starting"),
    (2002, 2003, 2005, 2006, 2013, 2014, 2055, 1159, 1161, 1927, 4031): Failure(Unreachable, "did not answer"),
    (1205,): Failure(Unavailable, "is being written by another process"),
    (1213, 1020, 1180): Failure(Unavailable, "had a conflict with another transaction"),
    (1317, 1969, 3024): Failure(Unavailable, "took too long"),
    (1290, 1792, 1836): Failure(Unavailable, "is read-only at present"),
    (1021, 1037, 1041, 1114): Failure(Unavailable, "has run out of disk or memory"),
    (1062, 1451, 1452): Failure(StaleRead, "was written to by another program at the same moment"),
    (1142, 1143, 1227, 1370): Failure(DatabaseUnusable, "does not allow this user to do that: see `berth db grant`"),
    (1044, 1045, 1130, 1698): Failure(DatabaseUnusable, "rejects the login of this user"),
    (1049,): Failure(DatabaseUnusable, "does not exist"),
    (1146,): Failure(DatabaseUnusable, "lacks a table: see `berth db check`"),
    (1054,): Failure(DatabaseUnusable, "lacks a column: see `berth db check`"),
}
_BY_CODE: Final = {code: why for codes, why in _EXPLAINED.items() for code in codes}


def _explain(error: BaseException) -> Failure | None:
    code = error.args[0] if error.args else 0
    if code in _BY_CODE:
        return _BY_CODE[code]
    if isinstance(error, pymysql.err.InterfaceError | pymysql.err.OperationalError):
        return Failure(Unreachable, f"did not answer: {error}")
    return None


MARIADB: Final = Backend(
    driver="mariadb+pymysql",
    capabilities=Capabilities(embedded=False, data_version=False, row_locks=True, transactional_ddl=False, roles=True),
    connect=_connect,
    explain=_explain,
)

MYSQL: Final = replace(MARIADB, driver="mysql+pymysql")
