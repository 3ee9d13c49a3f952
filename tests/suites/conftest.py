from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.store import migrate
from berth.store.engine import Database
from tests.support.databases import chosen_kinds, empty_database, require_database


@pytest.fixture(params=chosen_kinds())
def kind(request: pytest.FixtureRequest) -> str:
    """Return each kind of database in turn."""
    require_database(request.param)
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    with empty_database(kind, tmp_path) as made:
        yield made


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """Yield an empty database, opened."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """Return a database at the present revision."""
    migrate.upgrade(empty)
    return empty
