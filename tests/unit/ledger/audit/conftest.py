"""A small ledger whose records are old enough to be archived."""

from __future__ import annotations

import pytest

from berth.ledger import open_ledger
from berth.ledger.audit import archive
from berth.store.engine import Database
from tests.support.filled_ledger import VM, fill

RECORDS = 15
"""How many records, and as many changes, the small ledger has."""


@pytest.fixture(autouse=True)
def no_record_is_too_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)


@pytest.fixture
def filled(database: Database) -> Database:
    with open_ledger(str(database.url)) as ledger:
        fill(ledger)
        ledger.release(VM)
    return database
