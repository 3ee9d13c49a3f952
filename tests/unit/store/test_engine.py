"""URLs of databases, and what is left alone after it could not be reached."""

from __future__ import annotations

import pytest

from berth.model.errors import DatabaseUnusable, LedgerClosed
from berth.store import engine
from berth.store.backend import Unreachable
from berth.store.engine import Database, parse_url, shown
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
        ("oracle://db/berth", "oracle is not a database that Berth knows"),
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


def test_a_closed_database_stays_closed(database: Database) -> None:
    database.close()
    with pytest.raises(LedgerClosed), database.reading():
        pass
