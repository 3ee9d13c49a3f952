"""URLs of databases, and what is left alone after it could not be reached."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Semaphore
from time import monotonic

import psycopg
import pytest
from sqlalchemy import exc, text

from berth.model.errors import DatabaseUnusable, LedgerClosed
from berth.store import engine
from berth.store.backend import CONNECTIONS, LOCK_S, Busy, Purpose, Unreachable
from berth.store.engine import Database, parse_url, shown
from tests.support.deadline import until
from tests.support.ports import free_port


@pytest.mark.parametrize(
    ("text", "driver", "database"),
    [
        ("sqlite:///berth.db", "sqlite", "berth.db"),
        ("postgresql://db/berth", "postgresql+psycopg", "berth"),
        ("postgres://db/berth", "postgresql+psycopg", "berth"),
        ("mariadb://db/berth", "mariadb+pymysql", "berth"),
        ("mysql://db/berth", "mysql+pymysql", "berth"),
        ("mysql+mysqldb://db/berth", "mysql+pymysql", "berth"),
    ],
)
def test_a_url_gets_berths_driver(text: str, driver: str, database: str) -> None:
    url = parse_url(text)
    assert url.drivername == driver
    assert url.database == database


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("berth.db", "not given as a URL"),
        ("oracle://db/berth", "oracle is not a supported database"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql://ada:secret@db", "names a server but no database"),
    ],
)
def test_a_url_that_names_no_database(text: str, reason: str) -> None:
    with pytest.raises(DatabaseUnusable, match=reason) as raised:
        parse_url(text)
    assert "secret" not in str(raised.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in shown(parse_url("postgresql://ada:secret@db/berth?password=secret"))


def test_a_database_that_cannot_be_reached_is_left_alone_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"postgresql://ada@127.0.0.1:{free_port()}/berth")
    for _ in range(2):
        with pytest.raises(Unreachable), database.reading():
            pass
    with pytest.raises(Unreachable), database.reading():
        pass
    connects: list[int] = []
    monkeypatch.setattr(database, "_engine", lambda _use: connects.append(1))
    with pytest.raises(Unreachable), database.reading():
        pass
    assert connects == []
    monkeypatch.setattr(engine.time, "monotonic", lambda: database._unreachable_until)
    with pytest.raises(AttributeError), database.reading():
        pass
    assert connects == [1]
    database.close()


def test_callers_who_wait_share_the_try_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts a connection and never answers is waited for once, not by one caller after the other."""
    database, tries = Database("postgresql://ada@127.0.0.1/berth"), Semaphore(0)
    asked, answer = Barrier(4), Event()

    class Hanging:
        def connect(self) -> None:
            tries.release()
            assert answer.wait(60)
            raise exc.DBAPIError("", None, psycopg.OperationalError("timeout expired"))

        def dispose(self) -> None:
            """Nothing to close."""

    def look() -> None:
        asked.wait(60)
        with database.looking():
            pass

    monkeypatch.setattr(database, "_engine", lambda _purpose: Hanging())
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(look) for _ in range(4)]
        assert tries.acquire(timeout=60)
        until(lambda: len(database._free[Purpose.LOOK]._cond._waiters) == 3)  # type: ignore[attr-defined]
        answer.set()
        assert all(isinstance(each.exception(60), Unreachable) for each in waiting)
    assert not tries.acquire(blocking=False), "it was tried again for a caller who had waited"


def test_nobody_waits_longer_for_a_connection_than_its_request_has(database: Database) -> None:
    database.address.remaining_s = lambda most: min(most, 0.05)
    with database.looking(), ThreadPoolExecutor(1) as threads:
        began = monotonic()
        with pytest.raises(Busy, match="in use"):
            threads.submit(lambda: database.looking().__enter__()).result(60)
        assert monotonic() - began < LOCK_S / 2


def test_a_file_that_is_being_written_is_busy_at_once(database: Database) -> None:
    other = Database(f"sqlite:///{database.path}")
    for holder in (database, other):
        with holder.writing() as connection:
            connection.execute(text("UPDATE head SET next_id = next_id"))
            with pytest.raises(Busy), database.writing(wait=False):
                pass
    with database.writing() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == LOCK_S * 1000
    other.close()


def test_a_process_keeps_few_pages_of_a_file(database: Database) -> None:
    kib = 0
    for purpose, count in CONNECTIONS.items():
        with database._transaction(purpose) as connection:
            kib -= count * int(connection.execute(text("PRAGMA cache_size")).scalar_one())
    assert 0 < kib < 70 * 1024


def test_a_closed_database_stays_closed(database: Database) -> None:
    database.close()
    with pytest.raises(LedgerClosed), database.reading():
        pass
