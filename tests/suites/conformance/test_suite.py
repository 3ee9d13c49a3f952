"""Every test of Placement's own functional suite, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from tests.suites.conformance.conftest import LONGEST_RUN_S, Place
from tests.suites.conformance.runner import Run
from tests.suites.conformance.servers import server_kind
from tests.suites.conformance.suites import CORE, every_file, suite
from tests.support.databases import chosen_kinds, require_database, runs_whole

FILES = every_file()
DATABASES = chosen_kinds() if server_kind() == "berth" else ["sqlite"]
EVERY_TEST = [
    (database, file, number)
    for database in DATABASES
    for file in (FILES if runs_whole(database) else CORE)
    for number in range(len(suite(file).tests))
]
"""A test is its number in its file: some files use a name twice."""

Runs = Mapping[Place, "Future[Run]"]


def test_the_suite_is_whole() -> None:
    assert set(CORE) <= set(FILES)
    for database in filter(runs_whole, DATABASES):
        assert (len(FILES), sum(test[0] == database for test in EVERY_TEST)) == (79, 1316)


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("database", "file", "number"), EVERY_TEST, ids=[f"{d} {f}: {suite(f).tests[n]}" for d, f, n in EVERY_TEST]
)
def test_placement_says(database: str, file: str, number: int, runs: Runs) -> None:
    require_database(database)
    outcome = runs[database, file].result(LONGEST_RUN_S).outcomes[number]
    assert outcome.test == suite(file).tests[number]
    if outcome.kind:
        pytest.fail(f"stopped at {outcome.kind}\n{outcome.reason}", pytrace=False)


@pytest.mark.skipif(server_kind() == "peer", reason="Placement's exit is its own business")
def test_every_server_ended_well(runs: Runs) -> None:
    ended = {place: run.result(LONGEST_RUN_S) for place, run in runs.items()}
    statuses = {place: run.status for place, run in ended.items() if run.status != 0}
    tracebacks = {place: run.output[-2000:] for place, run in ended.items() if "Traceback" in run.output}
    assert (statuses, tracebacks) == ({}, {})
