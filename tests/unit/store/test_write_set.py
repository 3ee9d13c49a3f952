"""What one commit writes: each kind of row by one statement, in the order that foreign keys need."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from berth.store import tables, write_set
from berth.store.backend import Purpose, StaleRead
from berth.store.consumers import IN_ONE_STATEMENT
from berth.store.engine import Database
from berth.store.many_rows import WRITE_MANY, touch_providers
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
    assert list(WriteSet.__struct_fields__) == list(write_set._STATEMENTS)


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


def _state(connection: Connection) -> list[tuple[int, int, int]]:
    """Return id, generation and time of each provider of these tests."""
    of = tables.providers.c
    return [tuple(row) for row in connection.execute(select(of.id, of.generation, of.updated_at).order_by(of.id))]


def test_many_rows_are_touched_as_one_by_one(database: Database) -> None:
    """In a statement for each difference of generations; a stale one is left, and shows in the count."""
    numbers = range(901, 901 + IN_ONE_STATEMENT + 2)
    with database.writing() as connection:
        write_set.write(connection, WriteSet(add_providers=[_provider(number) for number in numbers]))
        rows = [_touch(number, 0) for number in numbers]
        rows[1]["to"], rows[2]["seen"] = 2, 5
        assert touch_providers(connection, rows) == len(numbers) - 1
        expected = [(number, 1, 1) for number in numbers]
        expected[1], expected[2] = (902, 2, 1), (903, 0, 0)
        assert _state(connection) == expected


def test_rows_of_many_providers_are_deleted(database: Database) -> None:
    numbers = range(901, 901 + IN_ONE_STATEMENT + 2)
    with database.writing() as connection:
        write_set.write(
            connection,
            WriteSet(
                add_providers=[_provider(number) for number in numbers],
                add_traits=[{"provider_id": number, "trait_id": trait} for number in numbers for trait in (1, 2)],
            ),
        )
        keys = [{"key": number} for number in numbers[1:]]
        assert WRITE_MANY["clear_traits"](connection, keys) == 2 * len(keys)
        left = connection.execute(select(tables.provider_traits.c.provider_id).distinct()).scalars()
        assert list(left) == [901]
