"""Empty ledgers in files, each a copy of one that was migrated once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from berth.store.engine import Database
from tests.support.databases import chosen_kinds, is_long, require_database
from tests.support.empty_ledgers import EmptyLedgers, empty_ledgers


@pytest.fixture(scope="session")
def files() -> Iterator[EmptyLedgers]:
    with empty_ledgers("sqlite") as ready:
        yield ready


@pytest.fixture
def database(files: EmptyLedgers) -> Iterator[Database]:
    """The database of an empty ledger."""
    opened = Database(files.new())
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=chosen_kinds() if is_long() else chosen_kinds()[:1])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return SQLite, or the chosen kind: what these tests look at is the same on all, and the long form shows that."""
    require_database(request.param)
    return str(request.param)
