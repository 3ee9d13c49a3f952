"""What one commit writes: each kind of row by one statement, in the order that foreign keys need."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from sqlalchemy import event, select

from berth.store import tables, write_set
from berth.store.backend import Purpose, StaleRead
from berth.store.engine import Database
from berth.store.write_set import WriteSet


def _provider(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "uuid": f"uuid-{number}",
        "name": f"host-{number}",
        "generation": 0,
        "parent_id": None,
        "root_id": number,
        "created_at": 0,
        "updated_at": 0,
    }


def _touch(number: int, seen: int) -> dict[str, int]:
    return {"key": number, "seen": seen, "to": seen + 1, "at": 1}


def test_every_kind_of_row_has_a_statement_in_the_order_of_the_fields() -> None:
    assert [field.name for field in fields(WriteSet)] == list(write_set._STATEMENTS)


def test_statements_do_not_grow_with_the_rows(database: Database) -> None:
    statements: list[str] = []
    rows = WriteSet(
        add_providers=[_provider(number) for number in (901, 902, 903)],
        touch_providers=[_touch(number, 0) for number in (901, 902, 903)],
    )
    with database.writing() as connection:
        event.listen(
            database._engine(Purpose.WRITE), "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        write_set.write(connection, rows)
    assert [text.split()[0] for text in statements] == ["INSERT", "UPDATE"]


@pytest.mark.parametrize(
    "stale",
    [
        WriteSet(touch_providers=[_touch(901, 0), _touch(902, 3)]),
        WriteSet(delete_providers=[{"key": 901, "seen": 1}]),
        WriteSet(touch_providers=[_touch(999, 0)]),
    ],
    ids=["another generation", "deleted", "none"],
)
def test_a_generation_that_is_not_as_read_stops_the_commit(stale: WriteSet, database: Database) -> None:
    with database.writing() as connection:
        write_set.write(connection, WriteSet(add_providers=[_provider(901), _provider(902)]))
    with pytest.raises(StaleRead), database.writing() as connection:
        write_set.write(connection, stale)
    with database.reading() as connection:
        assert list(connection.execute(select(tables.providers.c.generation)).scalars()) == [0, 0]
