"""Runs the chosen files in the background, and sums up."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.conformance.running import Run, run_file
from tests.conformance.servers import options, server_kind

RUNS = pytest.StashKey[dict[str, Future[Run]]]()
LONGEST_RUN_S = 240


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[Run]]]:
    """The runs of all files of which a test has been chosen, begun in the order in which they are looked at."""
    chosen: dict[str, None] = dict.fromkeys(
        str(item.callspec.params["file"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.get_closest_marker("conformance")
    )
    # Each run changes its process's environment: they need processes, which must not inherit pytest's state.
    fresh_interpreters = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(int(os.environ.get("CONFORMANCE_JOBS", "2")), fresh_interpreters)
    begun = {file: pool.submit(run_file, file, server_kind(), *options()) for file in chosen}
    request.config.stash[RUNS] = begun
    yield begun
    pool.shutdown(wait=True, cancel_futures=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each profile, and what the failures stopped at."""
    begun = config.stash.get(RUNS, {}).values()
    ended = [run.result() for run in begun if run.done() and not run.cancelled() and run.exception() is None]
    if not ended:
        return
    terminalreporter.section(f"Placement's own suite against {server_kind()}")
    for profile in sorted({run.profile for run in ended}):
        outcomes = [one for run in ended if run.profile == profile for one in run.outcomes]
        failed = sum(bool(one.kind) for one in outcomes)
        terminalreporter.line(f"{profile:12} {len(outcomes):5} tests {len(outcomes) - failed:5} passed {failed:5} not")
    kinds = Counter(one.kind for run in ended for one in run.outcomes if one.kind)
    for kind, count in kinds.most_common():
        terminalreporter.line(f"stopped at {kind}: {count}")
