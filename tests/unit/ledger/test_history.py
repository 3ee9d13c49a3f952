"""Histories: what a database says about an end that is known."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from berth.ledger.audit import archive as archives
from berth.ledger.history import Continuity, continuity
from berth.ledger.write.writer import Writer
from berth.model.caller import Caller
from berth.model.commands import CreateTrait
from berth.model.position import Position
from berth.store import head
from berth.store.engine import Database

WRONG = "0" * 64


@pytest.fixture
def ends(database: Database) -> list[Position]:
    """The ends after each of four changes."""
    writer, found = Writer(database), list[Position]()
    for number in range(4):
        _write(writer, f"CUSTOM_{number}")
        found.append(writer.position)
    return found


def _write(writer: Writer, name: str) -> None:
    answer = writer.queue(CreateTrait(name=name), Caller(user="ada"), "req-1")
    writer.run_pending()
    answer.result(0)


def _continuity(database: Database, known: Position) -> Continuity:
    with database.reading() as connection:
        return continuity(connection, known, head.read(connection).position)


def test_it_continues_every_end_that_it_has_had(database: Database, ends: list[Position]) -> None:
    assert {_continuity(database, end) for end in ends} == {Continuity.SAME}
    assert _continuity(database, Position(0, 0, "")) is Continuity.SAME


@pytest.mark.parametrize("known", [0, 2, 3])
def test_another_hash_is_another_history(database: Database, ends: list[Position], known: int) -> None:
    assert _continuity(database, ends[known]._replace(audit_hash=WRONG)) is Continuity.OTHER


def test_an_end_beyond_its_own_is_ahead_of_it(database: Database, ends: list[Position]) -> None:
    beyond = Position(ends[-1].number + 1, ends[-1].audit_number + 1, WRONG)
    assert _continuity(database, beyond) is Continuity.BEHIND


def test_after_an_archive(
    database: Database, ends: list[Position], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record that covers an archive has the hash of the last one in it; of earlier ones nothing is left."""
    monkeypatch.setattr(archives, "YOUNGEST_US", 0)
    archives.archive(database, time.time_ns() // 1000 + 1, tmp_path / "archive", Caller())
    for end in (ends[-1], ends[-1]._replace(audit_hash=WRONG), ends[0]):
        expected = Continuity.SAME if end == ends[-1] else Continuity.ARCHIVED
        assert _continuity(database, end) is expected
