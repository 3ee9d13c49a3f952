"""A command's ledger."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from berth.cli.session import LedgerLocation, Session
from berth.ledger import open_ledger
from berth.store.engine import Database
from tests.support.filled_ledger import fill


@pytest.mark.parametrize(("most", "numbers"), [(3, [12, 13, 14]), (99, [10, 11, 12, 13, 14])])
def test_the_latest_changes_are_those_that_are_left(database: Database, most: int, numbers: list[int]) -> None:
    with open_ledger(str(database.url)) as ledger:
        fill(ledger)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM changes WHERE number < 10"))
    with Session(LedgerLocation(database=str(database.url))) as session:
        assert [change.number for change in session.latest_changes(most)] == numbers
