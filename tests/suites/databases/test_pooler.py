"""A pooler that hands out a connection for each transaction: right by a setting, refused without it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from berth.ledger import open_ledger
from berth.ledger.verify import verify
from berth.model.errors import BerthError, DatabaseUnusable
from berth.store.backend import Purpose
from berth.store.engine import Database
from tests.suites.databases.pgbouncer import pgbouncer
from tests.support.databases import chosen_kinds, is_long, ledger_database, require_database

POSTGRESQL: Final = chosen_kinds(["postgresql"])
POOLED: Final = "?pooled=true"
REAL: Final = pytest.mark.skipif(not is_long(), reason="the long form installs a PgBouncer")


@pytest.fixture(scope="module", params=POSTGRESQL)
def direct(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty ledger, on a server whose commits are not durable unless somebody asks for it."""
    require_database(request.param)
    with ledger_database("postgresql", tmp_path_factory.mktemp("ledger")) as url:
        database = Database(url)
        with database.migrating() as connection:
            name = make_url(url).database
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        database.close()
        yield url


SETTINGS: Final = {
    Purpose.READ: ("repeatable read", "on", "2min", "10s", "15s", "on"),
    Purpose.WRITE: ("read committed", "on", "20s", "10s", "15s", "off"),
    Purpose.MIGRATE: ("read committed", "on", "0", "10s", "0", "on"),
}
NAMES: Final = (
    "transaction_isolation",
    "synchronous_commit",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "enable_seqscan",
)


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("purpose", SETTINGS)
def test_every_transaction_has_its_settings(direct: str, purpose: Purpose, pooled: bool) -> None:
    database = Database(f"{direct}?pooled={pooled}")
    asked = text("SELECT " + ", ".join(f"current_setting('{name}')" for name in NAMES))
    with database._transaction(purpose) as connection:
        assert tuple(connection.execute(asked).one()) == SETTINGS[purpose]
    database.close()


def test_a_session_is_left_as_it_was(direct: str) -> None:
    """It is given to another client next: nothing is set in it, and nothing prepared."""
    database = Database(f"{direct}?pooled=true")
    for number in range(20):
        with database.writing() as connection:
            connection.execute(text("SELECT CAST(:number AS INTEGER)"), {"number": number})
    engine = database._engines[Purpose.WRITE]
    with engine.connect() as connection:  # the same session, without a transaction of Berth's
        asked = "SELECT current_setting('synchronous_commit'), current_setting('enable_seqscan')"
        session = connection.connection.driver_connection
        assert session is not None
        session.autocommit = True
        assert session.execute(asked).fetchone() == ("off", "on")
        assert session.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    database.close()


def test_another_database_has_no_such_pooler(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="database_pooled must be false"):
        Database(f"sqlite:///{tmp_path}/berth.db?pooled=true")


@REAL
@pytest.mark.parametrize("ignored", ["", "options"])
def test_without_the_setting_it_is_refused(direct: str, ignored: str) -> None:
    with (
        pgbouncer("transaction", direct, f"extra_float_digits,{ignored}") as url,
        pytest.raises(DatabaseUnusable, match="set database_pooled = true"),
    ):
        open_ledger(url).close()


@REAL
@pytest.mark.parametrize(
    ("mode", "option"), [("transaction", "?pooled=true"), ("session", "?pooled=true"), ("session", "")]
)
def test_claims_through_it(direct: str, mode: str, option: str) -> None:
    """Two processes, several threads each; nothing fails, and every commit is durable."""
    wrong = list[BaseException | str]()
    with (
        pgbouncer(mode, direct, "extra_float_digits,options") as url,
        open_ledger(url + option) as first,
        open_ledger(url + option) as second,
    ):
        provider = first.create_provider(f"host {uuid4()}").uuid

        def write(ledger_number: int) -> None:
            ledger = (first, second)[ledger_number % 2]
            for _ in range(60):
                try:
                    ledger.create_trait(f"CUSTOM_{uuid4().hex.upper()}")
                    ledger.provider(provider)
                    ledger.allocations(str(uuid4()))
                except BerthError as error:
                    wrong.append(error)
            with ledger._writer.database.writing() as connection:
                if connection.execute(text("SHOW synchronous_commit")).scalar() != "on":
                    wrong.append("a commit that is acknowledged may be lost")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(8)))
        assert wrong == []
        assert verify(first._writer.database).findings == ()
