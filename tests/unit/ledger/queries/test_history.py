"""Pages of the change log, also of one whose beginning is in an archive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from berth.ledger import Ledger, open_ledger
from berth.model.errors import ChangesGone, LogReset
from berth.store import changes
from berth.store.engine import Database
from tests.support.filled_ledger import fill

LAST = 14


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    """A ledger with changes 6 to 14; those before are gone."""
    with open_ledger(str(database.url)) as opened:
        fill(opened)
        assert opened.head() == LAST
        with database.writing() as connection:
            connection.execute(text("DELETE FROM changes WHERE number < 6"))
        yield opened


@pytest.mark.parametrize(
    ("after", "numbers"), [(None, range(6, LAST + 1)), (5, range(6, LAST + 1)), (12, [13, 14]), (LAST, []), (99, [])]
)
def test_what_is_left_is_read(ledger: Ledger, after: int | None, numbers: range | list[int]) -> None:
    assert [change.number for change in ledger.changes(after)] == list(numbers)


@pytest.mark.parametrize("after", [0, 4])
def test_what_is_gone_is_not_passed_over(ledger: Ledger, after: int) -> None:
    with pytest.raises(ChangesGone, match="begins with change 6") as gone:
        ledger.changes(after, 1)
    assert gone.value.first == 6


def test_a_log_that_is_gone_as_a_whole(ledger: Ledger, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("DELETE FROM changes"))
        assert changes.first(connection) is None
    assert ledger.changes() == ledger.changes(LAST) == []
    with pytest.raises(ChangesGone) as gone:
        ledger.changes(LAST - 1)
    assert gone.value.first == LAST + 1


def test_a_follower_of_what_is_gone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LogReset):
        next(ledger.follow(3))


def test_a_stream_continues_across_its_pieces(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_AT_ONCE", 3)
    with database.reading() as connection:
        for after in (0, 5, 8, 11, 12, LAST):
            numbers = [change.number for change in changes.after(connection, after)]
            assert numbers == list(range(max(after, 5) + 1, LAST + 1))
