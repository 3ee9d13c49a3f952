"""Migrations from every revision to every other, with data, and their effect on serving processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

import berth.store
from berth.ledger import Ledger, open_ledger
from berth.ledger.audit import chain
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.model.errors import DatabaseUnusable
from berth.store import migrate, tables
from berth.store.engine import Database
from berth.store.head import REVISIONS
from tests.support.filled_ledger import HOST, VM, fill


def test_every_revision_is_known() -> None:
    folder = Path(berth.store.__file__).parent / "migrations" / "versions"
    assert tuple(sorted(path.name[:4] for path in folder.glob("[0-9]*.py"))) == REVISIONS


def test_the_migrations_make_the_tables(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_there_and_back(database: Database, url: str, revision: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        before = ledger.provider(HOST), ledger.inventories(HOST), ledger.allocations(VM), ledger.changes(most=1000)
    migrate.downgrade(database, revision)
    assert migrate.check(database) == (None if revision == "base" else revision)
    migrate.upgrade(database)
    with open_ledger(url) as ledger:
        if revision == "base":
            assert ledger.providers() == []
            fill(ledger)
        else:
            ledger.create_trait("CUSTOM_AFTER")  # the audit log begins here, where there was none before
            after = ledger.provider(HOST), ledger.inventories(HOST), ledger.allocations(VM), ledger.changes(most=1000)
            assert (after[:-1], after[-1][:-1]) == (before[:-1], before[-1])
    assert verify(database).findings == ()
    assert chain.verify(database).findings == ()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_an_old_schema_is_served_only_where_it_is_ours_to_migrate(database: Database, url: str, revision: str) -> None:
    migrate.downgrade(database, revision)
    if database.capabilities.embedded:
        open_ledger(url).close()
        assert migrate.check(database) == REVISIONS[-1]
    else:
        with pytest.raises(DatabaseUnusable, match=r"is at revision .* run `berth db upgrade`"):
            open_ledger(url)


def test_an_empty_database_of_a_server_is_not_migrated_by_serving(empty: Database, url: str) -> None:
    if not empty.capabilities.embedded:
        with pytest.raises(DatabaseUnusable, match="has no ledger yet"):
            open_ledger(url)


def test_a_running_process_notices_a_newer_schema(database: Database, url: str) -> None:
    with open_ledger(url) as ledger:
        fill(ledger)
        _pretend(database, "0099")
        for ask in (lambda: ledger.provider(HOST), lambda: ledger.release(VM), lambda: ledger.allocations(VM)):
            with pytest.raises(DatabaseUnusable, match="was migrated to revision 0099 while this process ran"):
                ask()
        _pretend(database, REVISIONS[-1])
        ledger.release(VM)
        assert ledger.allocations(VM) is None


def _pretend(database: Database, revision: str) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE head SET revision = :revision"), {"revision": revision})


def test_tables_of_another_program_are_let_alone(empty: Database) -> None:
    with empty.migrating() as connection:
        connection.execute(text("CREATE TABLE providers (id INTEGER)"))
    with pytest.raises(DatabaseUnusable, match=r"tables of the same names \(providers\)"):
        migrate.upgrade(empty)


def test_many_upgrades_at_once(empty: Database, url: str) -> None:
    def upgrade(_number: int) -> None:
        database = Database(url)
        migrate.upgrade(database)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, range(4)))
    with Ledger(empty, Caller()) as ledger:
        assert len(ledger.changes()) == 1
