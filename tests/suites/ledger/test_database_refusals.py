"""A command whose rows the database does not take: it is refused alone, and those that share its commit are not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

import berth
from berth.ledger import retry
from berth.ledger.write import writer
from berth.model.commands import Command, CreateTrait, PutRecords
from berth.model.errors import Invalid
from berth.model.record import ProviderRecord
from berth.model.validation import validated
from tests.support.databases import SERVER_KINDS, chosen_kinds, require_database
from tests.support.deadline import LIMIT_S
from tests.support.empty_ledgers import empty_ledgers

TRIGGERS = {
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.name = 'CUSTOM_BAD' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT ON names FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
    "mariadb": (
        "CREATE TRIGGER refuse BEFORE INSERT ON names FOR EACH ROW "
        "IF NEW.name = 'CUSTOM_BAD' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF",
    ),
}
"""A rule that the database has and Berth does not know."""


def _together(ledger: berth.Ledger, *commands: Command) -> list[Future[Any]]:
    answers = [ledger.queue(command) for command in commands]
    ledger.work()
    return answers


@pytest.mark.parametrize("kind", chosen_kinds(SERVER_KINDS))
def test_a_rule_of_the_database(kind: str) -> None:
    require_database(kind)
    with empty_ledgers(kind) as ledgers, berth.open(ledgers.new()) as ledger:
        with ledger._writer.database.migrating() as connection:
            for statement in TRIGGERS[kind]:
                connection.execute(text(statement))
        names = ("CUSTOM_A", "CUSTOM_B", "CUSTOM_BAD", "CUSTOM_C", "CUSTOM_D")
        answers = _together(ledger, *(CreateTrait(name=name) for name in names))
        assert [type(answer.exception(0)) for answer in answers] == [type(None)] * 2 + [Invalid] + [type(None)] * 2
        assert [change.operation for change in ledger.changes(1)] == ["CreateTrait"] * 4


@contextmanager
def _small_packets(url: str) -> Iterator[None]:
    """Make the server take no more than 1 MiB at once, on new connections."""
    engine: Engine = create_engine(url.replace("mariadb://", "mariadb+pymysql://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        before = connection.execute(text("SELECT @@GLOBAL.max_allowed_packet")).scalar_one()
        _set_packets(connection, 2**20)
        try:
            yield
        finally:
            _set_packets(connection, before)
    engine.dispose()


def _set_packets(connection: Connection, size: int) -> None:
    connection.execute(text(f"SET GLOBAL max_allowed_packet = {size}"))


@pytest.mark.alone
@pytest.mark.parametrize("kind", chosen_kinds(("mariadb",)))
def test_rows_that_are_too_large_for_the_server(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the connection, as if the network had: only that it does so each time shows what is at fault."""
    require_database(kind)
    for module in (retry, writer):  # a busy machine takes longer for so many tries than a request has
        monkeypatch.setattr(module, "GIVE_UP_S", LIMIT_S)
    with empty_ledgers(kind) as ledgers, _small_packets(url := ledgers.new()), berth.open(url) as ledger:
        records = tuple(ProviderRecord(name=f"host-{number}-{'x' * 180}") for number in range(4_000))
        large, other = _together(ledger, validated(PutRecords(records=records)), CreateTrait(name="CUSTOM_X"))
        assert other.exception(0) is None
        assert isinstance(large.exception(0), Invalid)
        assert [change.operation for change in ledger.changes(1)] == ["CreateTrait"]
