"""Ledgers of these tests: emptied between tests, which is quicker than a new database for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from berth.store.engine import Database


@pytest.fixture
def url(ledger_url: str) -> str:
    """Return the URL of an empty ledger, on each kind of database in turn."""
    return ledger_url


@pytest.fixture
def kind(database_kind: str) -> str:
    """Return each kind of database in turn."""
    return database_kind


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Yield the ledger's database, opened."""
    opened = Database(url)
    yield opened
    opened.close()
