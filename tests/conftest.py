"""What every test can rely on."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.store.databases import need, tried
from tests.store.shelf import Shelf, shelf


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does: what has been started is stopped first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="module", params=tried())
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn; see `tests.store`."""
    need(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def ledgers(database_kind: str) -> Iterator[Shelf]:
    """Where a module's tests get their ledgers from."""
    with shelf(database_kind) as ready:
        yield ready


@pytest.fixture
def ledger_url(ledgers: Shelf) -> str:
    """The URL of an empty ledger, on each kind of database in turn."""
    return ledgers.new()
