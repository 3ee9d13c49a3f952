"""MariaDB (and MySQL), through PyMySQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pymysql
from pymysql.constants import SERVER_STATUS
from sqlalchemy import Engine, create_engine, event, exc

from berth.model.errors import DatabaseUnusable, Unavailable
from berth.store.address import Address
from berth.store.backend import (
    CONNECTIONS,
    GRACE_S,
    IDLE_S,
    ISOLATION,
    LOCK_S,
    LOOK_S,
    READ_S,
    STATEMENT_S,
    Backend,
    Busy,
    Capabilities,
    CertificationConflict,
    Failure,
    Purpose,
    ReadOnly,
    StaleRead,
    Unreachable,
)

_NO_LIMIT_S: Final = 24 * 3600
_UNKNOWN_VARIABLE: Final = 1193


def _connect(address: Address, purpose: Purpose) -> Engine:
    limit_s = STATEMENT_S[purpose]
    answer_s = limit_s + GRACE_S if limit_s else _NO_LIMIT_S
    engine = create_engine(
        address.url,
        hide_parameters=True,  # an error's text is logged, and values may be confidential
        isolation_level=ISOLATION[purpose],
        pool_size=CONNECTIONS[purpose],
        max_overflow=0,
        pool_recycle=1800,
        pool_reset_on_return=None,  # by _end
        connect_args={"read_timeout": answer_s, "write_timeout": answer_s, "charset": "utf8mb4"},
    )

    def connect(_dialect: Any, _record: Any, _args: list[Any], options: dict[str, Any]) -> Any:
        return _prepared(pymysql.connect(**options, connect_timeout=address.connect_s(1)), purpose)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "reset", lambda connection, _record, _state: _end(connection))
    if purpose is Purpose.READ:  # writes and looks are retried, which costs less
        event.listen(engine, "checkout", lambda connection, _record, _proxy: _ping(connection, address))
    return engine


def _end(connection: Any) -> None:
    """End what was left open. If nothing was, that would be one more round trip, which may fail or hang."""
    if connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
        connection.rollback()


def _prepared(connection: Any, purpose: Purpose) -> Any:
    """Return a connection with its limits set, in UTC, and with causal reads on a cluster."""
    settings = {"innodb_lock_wait_timeout": LOCK_S, "sql_mode": "'TRADITIONAL'", "time_zone": "'+00:00'"}
    if "MariaDB" in connection.get_server_info():
        settings["max_statement_time"] = STATEMENT_S[purpose]
        if purpose is not Purpose.MIGRATE:
            settings["idle_transaction_timeout"] = IDLE_S
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION " + ", ".join(f"{name} = {value}" for name, value in settings.items()))
            _read_causally(cursor)
    except BaseException:
        connection.close()
        raise
    return connection


def _read_causally(cursor: Any) -> None:
    """Let a statement on a Galera node wait until what was committed on any other node is there."""
    try:
        cursor.execute("SET SESSION wsrep_sync_wait = @@SESSION.wsrep_sync_wait | 1")
    except pymysql.err.OperationalError as error:
        if error.args[0] != _UNKNOWN_VARIABLE:  # a server that was built without Galera
            raise


def _ping(connection: Any, address: Address) -> None:
    """Let a connection that was idle show that it is of use, within the time for a look: it may be to a dead server.

    From then on an answer is waited for as long as the request of the caller has.
    """
    connection._read_timeout = LOOK_S  # noqa: SLF001 - there is no other way
    try:
        connection.ping(reconnect=False)
    except pymysql.err.Error as error:
        raise exc.InvalidatePoolError from error
    finally:
        connection._read_timeout = address.answer_s(READ_S + GRACE_S)  # noqa: SLF001


_EXPLAINED: Final = {
    (1040, 1203, 1226): Failure(Unreachable, "has no connection left"),
    (1053, 1077, 1079): Failure(Unreachable, "is shutting down or starting"),
    (1047,): Failure(Unreachable, "is cut off from the majority of its cluster, or has not joined it yet"),
    (1180,): Failure(Unreachable, "could not commit: its disk failed, or it is being cut off from its cluster"),
    (
        *(2002, 2003, 2005, 2006, 2013, 2014, 2055, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031),
        *(9001, 9002, 9003, 9004, 9005),
    ): Failure(Unreachable, "did not answer"),
    (1205,): Failure(Busy, "is being written by another process, or lags behind its cluster"),
    (1213, 1020, 3101, 8002, 8022, 9007): Failure(CertificationConflict, "had a conflict with another transaction"),
    (1317, 1969, 3024): Failure(Unavailable, "took too long"),
    (1223, 1290, 1792, 1836): Failure(ReadOnly, "is read-only at present"),
    (3, 1021, 1026, 1030, 1037, 1038, 1041, 1114): Failure(Unavailable, "has run out of disk or memory"),
    (1153,): Failure(Unavailable, "does not take a statement as long as this: see its max_allowed_packet"),
    (8027, 8028): Failure(Unavailable, "is being migrated"),
    (1062, 1451, 1452): Failure(StaleRead, "was written to by another program at the same moment"),
    (1142, 1143, 1227, 1370): Failure(DatabaseUnusable, "does not allow this user to do that: see `berth db grant`"),
    (1044, 1045, 1130, 1251, 1698, 2059): Failure(DatabaseUnusable, "rejects the login of this user"),
    (1049,): Failure(DatabaseUnusable, "does not exist"),
    (1146,): Failure(DatabaseUnusable, "lacks a table: see `berth db check`"),
    (1054,): Failure(DatabaseUnusable, "lacks a column: see `berth db check`"),
    (1034, 1194, 1712, 1877): Failure(DatabaseUnusable, "is damaged: restore a backup"),
    (1193, 1235, 1305): Failure(DatabaseUnusable, "lacks something that Berth needs: is it a MariaDB?"),
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
