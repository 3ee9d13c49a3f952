"""Two roles: one that owns the tables, one that can only read and write rows, and only append to the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from berth.ledger import open_ledger
from berth.ledger.audit import archive
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.model.commands import Claim
from berth.model.errors import DatabaseUnusable, Refusal
from berth.model.inventory import Inventory
from berth.store import grants, migrate, usage_samples
from berth.store.engine import Database
from tests.support.commands import run_berth
from tests.support.databases import (
    SERVER_KINDS,
    admin_connection,
    chosen_kinds,
    empty_database,
    require_database,
    server_url,
)
from tests.support.filled_ledger import POOL, VM, fill

PASSWORD = "only-for-this-test"


@contextmanager
def _roles(kind: str) -> Iterator[tuple[str, str]]:
    """Two fresh roles that may log in, gone again afterwards."""
    names = [f"b{uuid4().hex[:8]}_{role}" for role in ("owner", "server")]
    made, gone = {
        "postgresql": ("CREATE ROLE {} LOGIN PASSWORD '" + PASSWORD + "'", "DROP ROLE {}"),
        "mariadb": ("CREATE USER {}@'%' IDENTIFIED BY '" + PASSWORD + "'", "DROP USER {}@'%'"),
    }[kind]
    with admin_connection(server_url(kind)) as connection:
        for name in names:
            connection.exec_driver_sql(made.format(name).replace("%", "%%"))
        try:
            yield names[0], names[1]
        finally:
            for name in names:
                connection.exec_driver_sql(gone.format(name).replace("%", "%%"))


@pytest.fixture(params=chosen_kinds(SERVER_KINDS))
def granted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Database, str, str]]:
    """A database as its administrator sees it, and its URLs for the owner and for serving."""
    require_database(request.param)
    with _roles(request.param) as (owner, serving), empty_database(request.param, tmp_path) as url:
        database = Database(url)
        migrate.upgrade(database)
        words = ("db", "grant", "--database", url, "--owner", owner, "--server", serving, "--apply")
        assert serving in run_berth(*words).stdout
        as_owner, as_server = (
            make_url(url).set(username=name, password=PASSWORD).render_as_string(hide_password=False)
            for name in (owner, serving)
        )
        yield database, as_owner, as_server
        database.close()


FORBIDDEN = (
    "DELETE FROM changes",
    "UPDATE changes SET actor = 'somebody else'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE number = 3",
    "UPDATE audit SET actor = 'somebody else' WHERE number = 3",
    "UPDATE audit SET number = 99 WHERE number = 3",
    "DELETE FROM audit_subjects",
    "UPDATE audit_subjects SET subject = 'x'",
    "DROP TABLE audit",
    "DELETE FROM tokens",
    "DELETE FROM checkpoints",
    "INSERT INTO checkpoint_pieces VALUES (1, 1, NULL)",
    "DELETE FROM head",
    "INSERT INTO head VALUES (2, 0, 1, '')",
    "UPDATE alembic_version SET version_num = '0000'",
    "DROP TABLE changes",
    "CREATE TABLE more (id INTEGER)",
    "ALTER TABLE names ADD COLUMN more INTEGER",
)


def test_serving(granted: tuple[Database, str, str]) -> None:
    database, _, as_server = granted
    with open_ledger(as_server) as ledger:
        fill(ledger)
        ledger.release(VM)
        ledger.update_provider(POOL, name="renamed")
        ledger.set_inventories(POOL, {"DISK_GB": Inventory(total=200)})
        ledger.create_trait("CUSTOM_GONE")
        ledger.delete_trait("CUSTOM_GONE")
        with pytest.raises(Refusal):
            ledger.claim(Claim(consumer=VM, allocations={POOL: {"DISK_GB": 1000}}, project="p", user="u"))
        ledger.summaries.refused.share()
        assert (ledger.summaries.trends().complete, ledger.summaries.refused_claims().count) == (True, 1)
        assert grants.advice(ledger._writer.database) == []
        for statement in FORBIDDEN:
            with (
                pytest.raises(DatabaseUnusable, match="see `berth db grant`"),
                ledger._writer.database.writing() as one,
            ):
                one.execute(text(statement))
    assert verify(database).findings == ()


def test_a_role_that_may_only_read_what_is_kept_for_people(granted: tuple[Database, str, str]) -> None:
    """Or not even that. Nothing fails: it shows how full the fleet was, and what it has refused itself."""
    database, _, as_server = granted
    role = make_url(as_server).username
    for rights in ("INSERT, UPDATE, DELETE", "SELECT"):
        with database.migrating() as connection:
            for table in ("usage_samples", "refused_claims"):
                of = f"'{role}'@'%'" if connection.dialect.name == "mariadb" else role
                connection.exec_driver_sql(f"REVOKE {rights} ON {table} FROM {of}".replace("%", "%%"))
        with open_ledger(as_server) as ledger:
            if rights != "SELECT":
                fill(ledger)
            with pytest.raises(Refusal):
                ledger.claim(Claim(consumer=VM, allocations={POOL: {"DISK_GB": 1000}}, project="p", user="u"))
            ledger.summaries.refused.share_now()
            assert (ledger.summaries.trends().complete, ledger.summaries.refused_claims().count) == (True, 1)
            with database.reading() as connection:
                assert usage_samples.all_samples(connection) == {}


def test_only_the_owner_archives(
    granted: tuple[Database, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, as_owner, as_server = granted
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)
    with open_ledger(as_server) as ledger:
        fill(ledger)
        for url, allowed in ((as_server, False), (as_owner, True)):
            opened = Database(url)
            with nullcontext() if allowed else pytest.raises(DatabaseUnusable, match="see `berth db grant`"):
                archive.archive(opened, 2**62, tmp_path / "old.jsonl", Caller(name="root"))
            opened.close()
        assert ledger.changes() == []
        ledger.release(VM)
        assert len(ledger.changes()) == 1
    assert verify(database).findings == ()


def test_only_the_owner_migrates(granted: tuple[Database, str, str]) -> None:
    _, as_owner, as_server = granted
    for url, allowed in ((as_server, False), (as_owner, True)):
        database = Database(url)
        if allowed:
            migrate.downgrade(database, "0001")
            migrate.upgrade(database)
        else:
            with pytest.raises(DatabaseUnusable, match="see `berth db grant`"):
                migrate.downgrade(database, "0001")
        database.close()


def test_who_runs_as_more_than_it_needs_is_told(granted: tuple[Database, str, str]) -> None:
    database, as_owner, _ = granted
    assert any("has more rights than serving needs" in sentence for sentence in grants.advice(database))
    owner = Database(as_owner)
    assert any("has more rights than serving needs" in sentence for sentence in grants.advice(owner))
    owner.close()


def test_a_role_that_there_is_not(granted: tuple[Database, str, str]) -> None:
    database = granted[0]
    with pytest.raises(DatabaseUnusable, match="the database rejects a statement"):
        grants.carry_out(database, grants.statements(database, grants.Roles("b_nobody_o", "b_nobody_s", "%")))


def test_a_file_has_no_roles(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/berth.db")
    migrate.upgrade(database)
    assert grants.advice(database) == []
    with pytest.raises(DatabaseUnusable, match="is a file"):
        grants.statements(database, grants.Roles("owner", "server", "%"))
    database.close()
