"""The head row: moved only from where it was read."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from berth.model.errors import DatabaseUnusable
from berth.store import head
from berth.store.engine import Database
from berth.store.head import Head


@pytest.mark.parametrize(
    ("changed", "moved"), [({}, True), ({"number": 7}, False), ({"audit_number": 7}, False), ({"next_id": 7}, True)]
)
def test_it_is_moved_only_from_where_it_was_seen(changed: dict[str, int], moved: bool, database: Database) -> None:
    with database.writing() as connection:
        seen = head.lock(connection, database.capabilities)
        to = Head(seen.number + 1, seen.next_id + 5, seen.audit_number + 1, "sealed")
        assert head.move(connection, seen._replace(**changed), to) is moved
        assert head.sealed(connection) == (to if moved else seen)


def test_a_reader_needs_no_end_of_the_audit_log(database: Database) -> None:
    with database.reading() as connection:
        whole, read = head.sealed(connection), head.read(connection)
    assert (read.number, read.next_id) == (whole.number, whole.next_id)
    assert (read.audit_number, read.audit_hash) == (0, "")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [("UPDATE head SET revision = '9999'", "was migrated to revision 9999"), ("DELETE FROM head", "holds no ledger")],
)
def test_a_schema_of_another_version(statement: str, reason: str, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text(statement))
    for read in (head.read, head.sealed):
        with pytest.raises(DatabaseUnusable, match=reason), database.reading() as connection:
            read(connection)
