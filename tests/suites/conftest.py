from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.store import migrate
from berth.store.engine import Database
from tests.support.databases import empty_database, need, tried


@pytest.fixture(params=tried())
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    need(request.param)
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing is."""
    with empty_database(kind, tmp_path) as made:
        yield made


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """The same, opened."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database at our revision."""
    migrate.upgrade(empty)
    return empty
