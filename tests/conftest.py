"""Fixtures and settings of every test."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.budget import count, suite_of
from tests.support.databases import chosen_kinds, is_long, require_database
from tests.support.empty_ledgers import EmptyLedgers, empty_ledgers
from tests.support.fork_server.processes import usual_environment
from tests.support.statement_recording import berth_loop, berth_statements

SLOW_FIRST = ("torture", "conformance", "dashboard", "placement_api", "peer", "logs", "docs", "security", "operations")
"""The suites that begin first where several processes share the tests, so that none of them ends alone."""

LONG_S = 6 * 3600
"""How long one test of the long form may take."""

COLLECTED_AT = 50_000
"""After how many new objects the garbage collector of a process of tests looks for cycles."""


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that everything started is stopped first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.set_threshold(COLLECTED_AT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every process that a test starts would compile all its imports
    _record()
    usual_environment()  # tests change it


def pytest_collection_finish() -> None:
    """Keep the garbage collector away from modules and tests, which live as long as the process."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow suites first, and last what looks at the whole run."""
    items.sort(key=_order)
    if is_long():
        for item in items:
            item.add_marker(pytest.mark.timeout(LONG_S), append=False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests in one process that share a server or a database."""
    from tests.schedule import GroupScheduling

    return GroupScheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Count the test in its suite's budget."""
    count("tests", item.nodeid)


def _order(item: pytest.Item) -> tuple[bool, int]:
    suite = suite_of(item.nodeid).removeprefix("suites/")
    return "at_the_end" in item.keywords, SLOW_FIRST.index(suite) if suite in SLOW_FIRST else len(SLOW_FIRST)


def _record() -> None:
    """Record the statements of this process and its children, and what their event loops wait for."""
    for recorder in (berth_statements, berth_loop):
        if recorder.FOLDER not in os.environ:
            os.environ[recorder.FOLDER] = tempfile.mkdtemp(prefix="berth-record-")
            atexit.register(shutil.rmtree, os.environ[recorder.FOLDER], ignore_errors=True)
    folder = str(Path(berth_statements.__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    for recorder in (berth_statements, berth_loop):
        recorder.record_later()


@pytest.fixture(scope="module", params=chosen_kinds())
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return each kind of database in turn; see `tests.support.databases`."""
    require_database(request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def ledgers_by_kind() -> Iterator[Callable[[str], EmptyLedgers]]:
    """Yield a function that returns the one source of empty ledgers in a kind of database, made when it is needed."""
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(empty_ledgers(kind)))


@pytest.fixture(scope="module")
def ledgers(database_kind: str, ledgers_by_kind: Callable[[str], EmptyLedgers]) -> EmptyLedgers:
    """Return the source of empty ledgers for a module's tests."""
    return ledgers_by_kind(database_kind)


@pytest.fixture
def ledger_url(ledgers: EmptyLedgers) -> str:
    """Return the URL of an empty ledger, on each kind of database in turn."""
    return ledgers.new()
