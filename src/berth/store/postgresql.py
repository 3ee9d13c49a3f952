"""PostgreSQL, through psycopg 3."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event, exc

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
from berth.store.pooler import changes_servers

_LOG = logging.getLogger("berth")

T = TypeVar("T")

_ALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 15_000}

_RIGHT: Final = {
    Purpose.READ: "primary",  # one that is read-only for a while can still be read
    Purpose.WRITE: "read-write",
    Purpose.LOOK: "primary",
    Purpose.MIGRATE: "read-write",
}
"""Which of several servers is the right one, unless the URL says so: a standby is behind, and never written to."""

_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', {local}) WHERE current_setting('synchronous_commit') = 'off'"
)
"""An acknowledged commit must survive a crash, regardless of the server's default. Stricter settings stay."""


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


def _connect(address: Address, purpose: Purpose) -> Engine:
    engine = create_engine(
        address.url,
        hide_parameters=True,  # an error's text is logged, and values may be confidential
        isolation_level="AUTOCOMMIT" if address.pooled else ISOLATION[purpose],
        pool_size=CONNECTIONS[purpose],
        max_overflow=0,
        pool_recycle=1800,
        connect_args=_options(address, purpose),
    )

    def connect(_dialect: Any, _record: Any, _args: list[Any], options: dict[str, Any]) -> PatientConnection:
        return _first_right(address, purpose, options)

    event.listen(engine, "do_connect", connect)
    if purpose is Purpose.READ:  # writes and looks are retried, which costs less
        event.listen(engine, "checkout", lambda connection, _record, _proxy: _ping(connection, address))
    if address.pooled and purpose is not Purpose.LOOK:
        begin = limited_transaction(purpose)
        event.listen(engine, "begin", lambda connection: _execute(connection, begin))
    return engine


def _options(address: Address, purpose: Purpose) -> dict[str, Any]:
    given = {"application_name": "berth", **_ALIVE}
    if address.pooled:  # what is set or prepared in one transaction is not there in the next
        return {**given, "prepare_threshold": None}
    return {**given, "options": " ".join(f"-c {name}={value}" for name, value in _limits(purpose).items())}


def _limits(purpose: Purpose) -> dict[str, str]:
    limits = {
        "statement_timeout": f"{STATEMENT_S[purpose]}s",
        "lock_timeout": f"{LOCK_S}s",
        "idle_in_transaction_session_timeout": f"{0 if purpose is Purpose.MIGRATE else IDLE_S}s",
    }
    if purpose is Purpose.WRITE:
        # All its statements find their rows by keys. The server keeps the plan of a repeated statement: a scan of the
        # whole table is best while it is small, and would be kept when it is large.
        limits["enable_seqscan"] = "off"
    return limits


def limited_transaction(purpose: Purpose) -> str:
    """Return what begins a transaction whose session is shared with others: sent together, in one round trip."""
    return "; ".join(_limited_transaction(purpose))


def _limited_transaction(purpose: Purpose) -> Iterator[str]:
    yield f"BEGIN ISOLATION LEVEL {ISOLATION[purpose]}"
    for name, value in _limits(purpose).items():
        yield f"SET LOCAL {name} = '{value}'"
    yield _DURABLE.format(local="true")


def _execute(connection: Connection, statements: str) -> None:
    connection.exec_driver_sql(statements).close()


def _first_right(address: Address, purpose: Purpose, options: dict[str, Any]) -> PatientConnection:
    """Return a connection to the first host that answers and is the right one, the one that was last tried first."""
    hosts = address.hosts(options)
    for number, host in enumerate(hosts, 1):
        try:
            connection = _opened(
                address, purpose, {**options, **host, "connect_timeout": address.connect_s(len(hosts))}
            )
        except psycopg.Error:
            if number == len(hosts):
                raise
        else:
            address.answered = host
            return connection
    raise AssertionError("there is at least one host")


def _opened(address: Address, purpose: Purpose, options: dict[str, Any]) -> PatientConnection:
    options.setdefault("target_session_attrs", _RIGHT[purpose])
    connection = _patient(STATEMENT_S[purpose] and STATEMENT_S[purpose] + GRACE_S, options)
    try:
        if not address.pooled:
            _prepare(address, purpose, options, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(address: Address, purpose: Purpose, options: dict[str, Any], connection: PatientConnection) -> None:
    process, standby = connection.execute("SELECT pg_backend_pid(), pg_is_in_recovery()").fetchone() or (0, False)
    connection.execute(_DURABLE.format(local="false"))
    connection.commit()
    _note_standby(address, standby)
    if process == connection.info.backend_pid:
        return
    connection.prepare_threshold = None  # behind a pooler another client's statement may have the same name
    if purpose is Purpose.READ and not address.keeps_sessions:
        if changes_servers(connection, lambda: _patient(LOOK_S, options)):
            raise DatabaseUnusable(f"the database {_POOLER}")
        address.keeps_sessions = True


def _patient(answer_s: float, options: dict[str, Any]) -> PatientConnection:
    connection = PatientConnection.connect(**options)
    connection.answer_s = answer_s or None
    return connection


def _note_standby(address: Address, standby: bool) -> None:
    if standby and not address.standby:
        _LOG.warning("the database is a standby: what is read may be old, and every write is refused")
    address.standby = standby


def _ping(connection: PatientConnection, address: Address) -> None:
    """Let a connection that was idle show that it is of use, within the time for a look: it may be to a dead server.

    From then on an answer is waited for as long as the request of the caller has.
    """
    connection.answer_s = LOOK_S
    before, connection.autocommit = connection.autocommit, True
    try:
        connection.execute("")
    except psycopg.Error as error:
        raise exc.InvalidatePoolError from error
    finally:
        connection.answer_s = address.answer_s(READ_S + GRACE_S)
        if not connection.closed:
            connection.autocommit = before


_POOLER: Final = (
    "is behind a pooler that hands out a connection for each transaction, or lets no options through: "
    "set database_pooled = true"
)

_EXPLAINED: Final = {
    "08": Failure(Unreachable, "did not answer"),
    "0A000": Failure(DatabaseUnusable, "does not support a statement that Berth needs"),
    "23": Failure(StaleRead, "was written to by another program at the same moment"),
    "25006": Failure(ReadOnly, "is read-only at present"),
    "25P": Failure(Unreachable, "ended the transaction of this process, which had been idle"),
    "26": Failure(Unreachable, _POOLER),
    "28": Failure(DatabaseUnusable, "rejects the login of this role"),
    "3D": Failure(DatabaseUnusable, "does not exist"),
    "3F": Failure(DatabaseUnusable, "lacks the schema of this role: see its search_path"),
    "40": Failure(CertificationConflict, "had a conflict with another transaction"),
    "40003": Failure(Unreachable, "does not know whether a transaction was committed"),
    "42501": Failure(DatabaseUnusable, "does not allow this role to do that: see `berth db grant`"),
    "42703": Failure(DatabaseUnusable, "lacks a column: see `berth db check`"),
    "42704": Failure(DatabaseUnusable, "lacks a setting or a type that Berth needs: is it a PostgreSQL?"),
    "42883": Failure(DatabaseUnusable, "lacks a function that Berth needs: is it a PostgreSQL?"),
    "42P01": Failure(DatabaseUnusable, "lacks a table: see `berth db check`"),
    "42P05": Failure(Unreachable, _POOLER),
    "53": Failure(Unavailable, "has run out of disk or memory"),
    "53300": Failure(Unreachable, "has no connection left"),
    "54": Failure(Unavailable, "has a limit that a statement exceeds"),
    "55P03": Failure(Busy, "is being written by another process"),
    "57": Failure(Unavailable, "was interrupted by its administrator"),
    "57014": Failure(Unavailable, "took too long"),
    "57P": Failure(Unreachable, "is shutting down or starting"),
    "57P04": Failure(DatabaseUnusable, "was dropped"),
    "58": Failure(Unavailable, "reports an error of its disk or its system"),
    "72": Failure(Unavailable, "has removed old rows while they were being read"),
    "XX": Failure(Unavailable, "reports an internal error"),
    "XX001": Failure(DatabaseUnusable, "is damaged: restore a backup"),
    "XX002": Failure(DatabaseUnusable, "is damaged: restore a backup"),
}
"""By SQLSTATE, or how it begins: the longest counts."""

_AT_THE_DOOR: Final = {
    "session is read-only": Failure(ReadOnly, "has no server at present that may be written to"),
    "server is in hot standby mode": Failure(ReadOnly, "is a standby at present: its primary is not there"),
    "unsupported startup parameter": Failure(DatabaseUnusable, _POOLER),
    "password authentication failed": Failure(DatabaseUnusable, "rejects the login of this role"),
    "no password supplied": Failure(DatabaseUnusable, "rejects the login of this role: it has no password"),
    "invalid connection option": Failure(DatabaseUnusable, "cannot be opened with these options in its URL"),
    "pgbouncer cannot connect to server": Failure(Unreachable, "does not answer the pooler"),
    "query_wait_timeout": Failure(Unreachable, "has no connection left in the pooler"),
}
"""By the text of a refusal to connect, which has no SQLSTATE, or of a pooler, whose SQLSTATE is always the same."""


def _explain(error: BaseException) -> Failure | None:
    state, text = getattr(error, "sqlstate", None) or "", str(error)
    known = [why for words, why in _AT_THE_DOOR.items() if words in text] if state[:2] in ("", "08") else []
    known += [_EXPLAINED[state[:length]] for length in (5, 3, 2) if state[:length] in _EXPLAINED]
    if known:
        return known[0]
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        last = (text.strip().splitlines() or [type(error).__name__])[-1]
        return Failure(Unreachable, f"did not answer: {last.removeprefix('FATAL: ').strip()}")
    return None


POSTGRESQL: Final = Backend(
    driver="postgresql+psycopg",
    capabilities=Capabilities(embedded=False, data_version=False, row_locks=True, transactional_ddl=True, roles=True),
    connect=_connect,
    explain=_explain,
    poolable=True,
)
