"""Fixtures and settings of every test."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import chosen_kinds, require_database
from tests.support.empty_ledgers import EmptyLedgers, empty_ledgers
from tests.support.statement_recording import berth_statements


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that everything started is stopped first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _record_statements()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move tests about the whole run to its end."""
    items.sort(key=lambda item: "at_the_end" in item.keywords)


def _record_statements() -> None:
    """Record the statements of this process and its children, for `tests/suites/security/test_statements.py`."""
    os.environ[berth_statements.FOLDER] = tempfile.mkdtemp(prefix="berth-statements-")
    folder = str(Path(berth_statements.__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    berth_statements.record_later()


def pytest_unconfigure() -> None:
    """Remove the recorded statements."""
    shutil.rmtree(os.environ.pop(berth_statements.FOLDER), ignore_errors=True)


@pytest.fixture(scope="module", params=chosen_kinds())
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return each kind of database in turn; see `tests.support.databases`."""
    require_database(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def ledgers(database_kind: str) -> Iterator[EmptyLedgers]:
    """Yield the source of empty ledgers for a module's tests."""
    with empty_ledgers(database_kind) as source:
        yield source


@pytest.fixture
def ledger_url(ledgers: EmptyLedgers) -> str:
    """Return the URL of an empty ledger, on each kind of database in turn."""
    return ledgers.new()
