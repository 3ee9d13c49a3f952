"""PostgreSQL, through psycopg 3."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
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

T = TypeVar("T")

_ISOLATION: Final = {
    Purpose.READ: "REPEATABLE READ",  # all statements of a read see one moment
    Purpose.WRITE: "READ COMMITTED",  # a write must see what was committed before it got the head's lock
    Purpose.LOOK: "AUTOCOMMIT",
    Purpose.MIGRATE: "READ COMMITTED",
}
_STATEMENT_S: Final = {Purpose.READ: READ_S, Purpose.WRITE: WRITE_S, Purpose.LOOK: LOOK_S, Purpose.MIGRATE: 0}
_CONNECTIONS: Final = {Purpose.READ: 8, Purpose.WRITE: 1, Purpose.LOOK: 1, Purpose.MIGRATE: 1}
_BY_KEY: Final = "-c enable_seqscan=off"
"""For writes, whose statements all find their rows by keys. The server keeps the plan of a repeated statement: a
scan of the whole table is best while it is small, and would be kept when it is large."""
_GRACE_S: Final = 2
"""How much longer than the server's own limit to wait for an answer: after that the network is at fault."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection with a time limit for answers: the server's own limits do not help if the network hangs."""

    answer_s: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait as psycopg does, but at most answer_s."""
        try:
            return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # half of an answer may still arrive: this connection cannot be used again
            raise


def _connect(url: URL, purpose: Purpose) -> Engine:
    limit_s, idle_s = _STATEMENT_S[purpose], 0 if purpose is Purpose.MIGRATE else IDLE_S
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
            "application_name": "berth",
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "options": f"-c statement_timeout={limit_s}s -c lock_timeout={LOCK_S}s "
            f"-c idle_in_transaction_session_timeout={idle_s}s {_BY_KEY if purpose is Purpose.WRITE else ''}",
        },
    )

    def connect(_dialect: Any, _record: Any, args: list[Any], given: dict[str, Any]) -> PatientConnection:
        connection = PatientConnection.connect(*args, **given)
        connection.answer_s = limit_s + _GRACE_S if limit_s else None
        return connection

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: PatientConnection, _record: Any) -> None:
    # An acknowledged commit must survive a crash, regardless of the server's default. Stricter settings stay.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


_EXPLAINED: Final = {
    "08": Failure(Unreachable, "did not answer"),
    "57P": Failure(Unreachable, "is shutting down or starting"),
    "53300": Failure(Unreachable, "has no connection left"),
    "25P": Failure(Unreachable, "ended the transaction of this process, which had been idle"),
    "25006": Failure(Unavailable, "is read-only at present"),
    "40": Failure(Unavailable, "had a conflict with another transaction"),
    "55P03": Failure(Unavailable, "is being written by another process"),
    "57014": Failure(Unavailable, "took too long"),
    "53": Failure(Unavailable, "has run out of disk or memory"),
    "23": Failure(StaleRead, "was written to by another program at the same moment"),
    "42501": Failure(DatabaseUnusable, "does not allow this role to do that: see `berth db grant`"),
    "28": Failure(DatabaseUnusable, "rejects the login of this role"),
    "3D": Failure(DatabaseUnusable, "does not exist"),
    "42P01": Failure(DatabaseUnusable, "lacks a table: see `berth db check`"),
    "42703": Failure(DatabaseUnusable, "lacks a column: see `berth db check`"),
}


def _explain(error: BaseException) -> Failure | None:
    state = getattr(error, "sqlstate", None)
    for prefix, why in _EXPLAINED.items():
        if state is not None and state.startswith(prefix):
            return why
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        text = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        return Failure(Unreachable, f"did not answer: {text.removeprefix('FATAL: ').strip()}")
    return None


POSTGRESQL: Final = Backend(
    driver="postgresql+psycopg",
    capabilities=Capabilities(embedded=False, data_version=False, row_locks=True, transactional_ddl=True, roles=True),
    connect=_connect,
    explain=_explain,
)
