"""Connections that are of no more use: those beside them go to the same server, and are not waited for one by one."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest
from sqlalchemy import make_url, text

from berth.model.errors import DatabaseUnusable
from berth.store.address import END_S
from berth.store.backend import Purpose, ReadOnly, Unreachable
from berth.store.engine import Database
from tests.support.databases import SERVER_KINDS, admin_connection, chosen_kinds, empty_database, require_database

MINE = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}
ENDED = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}
READ_ONLY = {"postgresql": "SET TRANSACTION READ ONLY", "mariadb": "START TRANSACTION READ ONLY"}
PURPOSES = (Purpose.READ, Purpose.WRITE, Purpose.LOOK)


@pytest.fixture(scope="module", params=chosen_kinds(SERVER_KINDS))
def server_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database on a server."""
    require_database(request.param)
    with empty_database(request.param, tmp_path_factory.mktemp("none")) as url:
        yield url


@pytest.fixture
def opened(server_database: str) -> Iterator[Database]:
    """That database, with a table and with a connection for each purpose."""
    made = Database(server_database)
    with made.migrating() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS things (number INTEGER)"))
    yield made
    made.close()


def _number(database: Database, purpose: Purpose) -> int:
    """Return the server's number of the connection for a purpose."""
    with database._transaction(purpose) as connection:
        return int(connection.execute(text(MINE[connection.dialect.name])).scalar_one())


def _numbers(database: Database) -> dict[Purpose, int]:
    return {purpose: _number(database, purpose) for purpose in PURPOSES}


def _use_lost(database: Database, lost: Purpose) -> None:
    """Use a connection until it is noticed that the server has ended it, which is a moment later."""
    for _ in range(1000):
        _number(database, lost)


@pytest.mark.parametrize("lost", [Purpose.LOOK, Purpose.WRITE])
def test_when_one_is_lost_the_others_are_opened_again(opened: Database, server_database: str, lost: Purpose) -> None:
    """A server that was replaced may answer none of them, each after its own time."""
    before = _numbers(opened)
    kind = opened.url.get_backend_name()
    with admin_connection(make_url(server_database).set(drivername=opened.url.drivername)) as connection:
        connection.execute(text(ENDED[kind].format(before[lost])))
    with pytest.raises(Unreachable):
        _use_lost(opened, lost)
    assert not set(before.values()) & set(_numbers(opened).values())


def _write_read_only(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text(READ_ONLY[connection.dialect.name]))
        connection.execute(text("INSERT INTO things VALUES (1)"))


def test_a_server_that_may_only_be_read_is_left(opened: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Another may be the primary now: a connection that is kept would be refused for as long as it lives."""
    before = _number(opened, Purpose.WRITE)
    with pytest.raises(ReadOnly, match="is read-only at present"):
        _write_read_only(opened)
    assert _number(opened, Purpose.WRITE) != before
    assert "Traceback" not in caplog.text


SLEEP = {"postgresql": "SELECT pg_sleep(20)", "mariadb": "SELECT SLEEP(20)"}


def test_an_answer_is_waited_for_no_longer_than_the_request_has(opened: Database) -> None:
    """The limit of a statement is made for a process that starts; a server that hangs takes all of it."""
    opened.address.remaining_s = lambda most: min(most, 0.1)
    began = monotonic()
    with pytest.raises(Unreachable), opened.reading() as connection:
        connection.execute(text(SLEEP[connection.dialect.name]))
    assert END_S <= monotonic() - began < 10


def test_options_that_a_driver_does_not_know(server_database: str) -> None:
    database = Database(f"{server_database}?no_such=1")
    with pytest.raises(DatabaseUnusable, match="cannot be opened"), database.reading():
        pass
    database.close()


def test_a_transaction_is_ended_once(opened: Database) -> None:
    """A second ROLLBACK would fail or hang if the connection is lost just then, although all is committed."""
    if opened.url.get_backend_name() != "mariadb":
        pytest.skip("the driver of PostgreSQL knows whether a transaction is open")
    ended = []
    for _ in range(3):
        with opened.writing() as connection:
            ended.append(connection.execute(text("SHOW SESSION STATUS LIKE 'Com_rollback'")).all()[0][1])
    assert ended == [ended[0]] * 3


def test_a_transaction_that_could_not_be_ended_is_ended_before_the_next(opened: Database) -> None:
    with opened.writing() as connection:
        connection.execute(text("DELETE FROM things"))
    with opened._engine(Purpose.WRITE).connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.cursor().execute("INSERT INTO things VALUES (7)")
    with opened.writing() as connection:
        assert connection.execute(text("SELECT * FROM things")).all() == []
