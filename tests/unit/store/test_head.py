"""The head row: moved only from where it was read."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from berth.model.errors import DatabaseUnusable
from berth.store import head
from berth.store.engine import Database
from berth.store.head import Head


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        ({}, True),
        ({"number": 7}, False),
        ({"audit_number": 7}, False),
        ({"audit_hash": "of another history"}, False),
        ({"next_id": 7}, True),
    ],
)
def test_it_is_moved_only_from_where_it_was_seen(changed: dict[str, Any], moved: bool, database: Database) -> None:
    with database.writing() as connection:
        seen = head.lock(connection, database.capabilities)
        to = Head(seen.number + 1, seen.next_id + 5, seen.audit_number + 1, "sealed", seen.at + 5)
        assert head.move(connection, seen._replace(**changed), to) is moved
        assert head.read(connection)._replace(server_time=0) == (to if moved else seen)._replace(server_time=0)


def test_its_time_never_goes_back(database: Database) -> None:
    with database.writing() as connection:
        seen = head.lock(connection, database.capabilities)
        later = seen._replace(number=seen.number + 1, at=2**53)
        assert head.move(connection, seen, later)
        assert head.move(connection, later, later._replace(number=later.number + 1, at=5))
        assert head.read(connection).at == 2**53


def test_a_reader_gets_the_position_in_the_history(database: Database) -> None:
    with database.reading() as connection:
        read = head.read(connection)
    assert read.position == (read.number, read.audit_number, read.audit_hash)
    assert len(read.audit_hash) == 64
    assert read.audit_hash.startswith(read.position.tag)
    assert len(read.position.tag) == 16


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE head SET revision = '9999'", "was migrated to revision 9999"),
        ("DELETE FROM head", "no longer holds"),
    ],
)
def test_a_schema_of_another_version(statement: str, reason: str, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text(statement))
    with pytest.raises(DatabaseUnusable, match=reason), database.reading() as connection:
        head.read(connection)
