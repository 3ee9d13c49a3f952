"""Following the change log in a library: it ends with an error where the log does not continue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from berth.ledger import Ledger, open_ledger
from berth.ledger.queries import log_reader
from berth.ledger.queries.log_reader import LogReader
from berth.model.cursor import Cursor
from berth.model.errors import LogReset
from berth.store import head


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as made:
        for number in range(6):
            made.create_trait(f"CUSTOM_{number}")
        yield made


def run(ledger: Ledger, statement: str) -> None:
    with ledger._writer.database.writing() as connection:
        connection.execute(text(statement))


def test_every_change_comes_once_and_in_order(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reader, "AT_ONCE", 2)
    followed = ledger.follow(1)
    assert [each.number for each in islice(followed, ledger.head() - 1)] == list(range(2, ledger.head() + 1))
    ledger.create_trait("CUSTOM_NEW")
    assert next(followed).number == ledger.head()
    now = ledger.follow()
    monkeypatch.setattr(log_reader.time, "sleep", lambda _: ledger.create_trait(f"CUSTOM_AT_{ledger.head()}"))
    assert next(now).number == ledger.head()


def test_a_log_that_is_shorter_or_begins_later_does_not_continue(ledger: Ledger) -> None:
    with pytest.raises(LogReset) as caught:
        next(ledger.follow(ledger.head() + 1))
    assert caught.value.head == ledger.head()
    followed = ledger.follow(1)
    assert next(followed).number == 2
    run(ledger, "DELETE FROM changes WHERE number <= 3")
    with pytest.raises(LogReset):
        next(ledger.follow(1))
    assert next(ledger.follow(3)).number == 4


def test_another_history_does_not_continue(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = LogReader(ledger._writer)
    behind, at_the_end = reader.follow(1), reader.follow(None)
    monkeypatch.setattr(log_reader, "AT_ONCE", 1)
    assert next(behind).number == 2
    monkeypatch.setattr(log_reader.time, "sleep", lambda _: setattr(ledger._writer, "history_epoch", 1))
    for followed in (at_the_end, behind):
        with pytest.raises(LogReset) as caught:
            next(followed)
        assert caught.value.head == ledger.head()


def test_a_page_is_bounded_in_number_and_in_bytes(ledger: Ledger) -> None:
    reader = ledger.log_reader
    sizes = [len(reader.page(1, ledger.history_epoch, most, size)) for most, size in ((3, 10**6), (100, 1), (4, 10**6))]
    assert sizes == [3, 1, 4]


def test_the_place_of_a_change_is_the_seal_of_its_record(ledger: Ledger) -> None:
    reader = ledger.log_reader
    with ledger._writer.database.reading() as connection:
        sealed = head.read(connection).audit_hash
    end = reader.end()
    assert end == Cursor(ledger.head(), sealed[:16])
    assert reader.has(end)
    assert reader.has(Cursor(end.number))
    assert reader.has(Cursor(0))
    assert not reader.has(Cursor(end.number, "0" * 16))
    assert not reader.has(Cursor(end.number - 1, end.tag))
    assert not reader.has(Cursor(end.number + 1))
    assert reader.place(end.number + 1) == Cursor(end.number + 1)
    run(ledger, f"DELETE FROM audit WHERE change = {end.number - 1}")
    assert reader.place(end.number - 1) == Cursor(end.number - 1), "its record is in an archive"
    page = reader.page(0, ledger.history_epoch, 100, 10**6)
    assert [place.number for place, _ in page if place.tag] == [*range(1, end.number - 1), end.number]
