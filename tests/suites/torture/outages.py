"""Outages of a database: it is read-only, accepts no connections, is down for long, or its disk is full."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, exc, make_url, text

from tests.suites.torture.instances import Instance, instance
from tests.support.commands import run_berth
from tests.support.databases import admin_connection
from tests.support.deadline import until
from tests.support.servers import Server, children

SERVER: Final = "berth"
"""The role that serves: an administrator may write where nobody else may, and get in when all is full."""

_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
_OWN: Final = {"postgresql": "postgres", "mariadb": "mysql"}
"""The database that every server has."""

_ROLES: Final = {
    "postgresql": ("CREATE ROLE berth LOGIN", "CREATE ROLE berth_owner"),
    "mariadb": (
        "CREATE USER berth@'%'",
        "CREATE USER berth_owner@'%'",
        "DELETE FROM mysql.global_priv WHERE User = ''",  # anybody on this machine, which goes before berth@'%'
        "FLUSH PRIVILEGES",
    ),
}
FEW: Final = 12
"""How many connections a MariaDB has that is to run out of them."""


@dataclass(frozen=True, slots=True)
class Troubled:
    """A database server, and the URLs of its roles."""

    kind: str
    database: Instance

    @property
    def url(self) -> str:
        """Return the URL for the owner."""
        return self.database.url("berth")

    @property
    def serving(self) -> str:
        """Return the URL for the role that serves."""
        return make_url(self.url).set(username=SERVER).render_as_string(hide_password=False)

    def administering(self) -> AbstractContextManager[Connection]:
        """Return the administrator's URL."""
        return admin_connection(make_url(self.database.url(_OWN[self.kind])).set(drivername=_DRIVERS[self.kind]))

    def say(self, *statements: str) -> None:
        """Execute statements as the administrator, one after the other."""
        with self.administering() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def shown(self, setting: str) -> str:
        """Return a setting of PostgreSQL, as a new connection sees it."""
        with self.administering() as connection:
            return str(connection.execute(text(f"SHOW {setting}")).scalar())


@contextmanager
def troubled(kind: str) -> Iterator[Troubled]:
    """Run a database server with a ledger and its roles, without trouble yet."""
    with instance(kind) as database:
        made = Troubled(kind, database)
        made.say(*_ROLES[kind])
        run_berth("db", "upgrade", "--database", made.url)
        run_berth("db", "grant", "--database", made.url, "--apply")
        yield made


@contextmanager
def read_only(at: Troubled) -> Iterator[None]:
    """Make the database read-only, as an administrator does before a switch-over."""
    if at.kind == "mariadb":
        at.say("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            at.say("SET GLOBAL read_only = 0")
    else:
        at.say("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            until(lambda: at.shown("default_transaction_read_only") == "on", "it does not read its settings")
            time.sleep(1)  # it knows: those that were connected are told now
            yield
        finally:
            at.say("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


@contextmanager
def replaced_by_standby(at: Troubled) -> Iterator[None]:
    """Bring PostgreSQL back as the standby of another, and promote it at the end."""
    at.database.kill()
    (at.database.folder / "data" / "standby.signal").touch()
    at.database.start()
    yield
    at.say("SELECT pg_promote()")


@contextmanager
def connections_exhausted(at: Troubled) -> Iterator[None]:
    """Take all connections of the server, Berth's as well."""
    with at.administering() as mine, ExitStack() as taken:
        if at.kind == "mariadb":
            mine.execute(text(f"SET GLOBAL max_connections = {FEW}"))
        engine = create_engine(make_url(at.url).set(drivername=_DRIVERS[at.kind]), pool_size=200)
        taken.callback(engine.dispose)
        for _ in range(3):  # Berth may be quicker once, to take one again
            _end_those_of_berth(at.kind, mine)
            _take_all(engine, taken)
        yield
        if at.kind == "mariadb":
            mine.execute(text("SET GLOBAL max_connections = 151"))


def _end_those_of_berth(kind: str, connection: Connection) -> None:
    if kind == "postgresql":
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'berth'"))
        return
    for (number,) in connection.execute(text("SELECT id FROM information_schema.processlist WHERE user = 'berth'")):
        with suppress(exc.DBAPIError):  # it may have ended by itself
            connection.exec_driver_sql(f"KILL {number}")


def _take_all(engine: Engine, taken: ExitStack) -> None:
    time.sleep(0.1)  # whoever was ended is gone then
    with suppress(exc.OperationalError):
        while True:
            taken.enter_context(engine.connect())


@contextmanager
def down_for_long(at: Troubled) -> Iterator[None]:
    """Kill the database, and start it again at the end."""
    at.database.kill()
    yield
    at.database.start()


@contextmanager
def full_disk(server: Server, file: Path) -> Iterator[None]:
    """Let no file of the server's workers grow beyond the present size of the ledger's log."""
    most = file.with_name(file.name + "-wal").stat().st_size
    workers = children(server.pid)
    for worker in workers:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    yield
    for worker in workers:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@dataclass(frozen=True, slots=True)
class Trouble:
    """An outage. begun: a context manager that causes it; reads: whether reads are answered during it."""

    begun: Callable[[Troubled], AbstractContextManager[None]]
    reads: bool


TROUBLES: Final = {
    "it may only be read": Trouble(read_only, reads=True),
    "it has no connection left": Trouble(connections_exhausted, reads=False),
    "it is away": Trouble(down_for_long, reads=False),
}
