"""The runs of the chosen files, in the background, and their summary."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.suites.conformance.runner import Run, run_file
from tests.suites.conformance.servers import server_kind, server_options
from tests.support.databases import why_missing

Place = tuple[str, str]
"""A kind of database and a file."""

RUNS = pytest.StashKey[dict[Place, Future[Run]]]()
LONGEST_RUN_S = 240


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> Iterator[Mapping[Place, Future[Run]]]:
    """Start a run of each file of which a test was chosen, in the order in which they are needed."""
    chosen: dict[Place, None] = dict.fromkeys(
        (str(item.callspec.params["database"]), str(item.callspec.params["file"]))
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.get_closest_marker("conformance")
    )
    # Each run changes its process's environment: they need processes, which must not inherit pytest's state.
    fresh_interpreters = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(int(os.environ.get("CONFORMANCE_JOBS", "2")), fresh_interpreters)
    begun = {
        (database, file): pool.submit(run_file, file, server_kind(), *server_options(), database=database)
        for database, file in chosen
        if why_missing(database) is None
    }
    request.config.stash[RUNS] = begun
    yield begun
    pool.shutdown(wait=True, cancel_futures=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print one line for each profile on each database, and where the failures stopped."""
    begun = config.stash.get(RUNS, {}).values()
    ended = [run.result() for run in begun if run.done() and not run.cancelled() and run.exception() is None]
    if not ended:
        return
    terminalreporter.section(f"Placement's own suite against {server_kind()}")
    for database, profile in sorted({(run.database, run.profile) for run in ended}):
        outcomes = [one for run in ended if (run.database, run.profile) == (database, profile) for one in run.outcomes]
        failed = sum(bool(one.kind) for one in outcomes)
        passed = len(outcomes) - failed
        terminalreporter.line(f"{database:10} {profile:12} {len(outcomes):5} tests {passed:5} passed {failed:5} not")
    kinds = Counter(one.kind for run in ended for one in run.outcomes if one.kind)
    for kind, count in kinds.most_common():
        terminalreporter.line(f"stopped at {kind}: {count}")
