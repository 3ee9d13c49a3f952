"""Every test of Placement's own functional suite, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from tests.conformance.conftest import LONGEST_RUN_S
from tests.conformance.running import Run
from tests.conformance.servers import server_kind
from tests.conformance.suites import every_file, suite

FILES = every_file()
EVERY_TEST = [(file, number) for file in FILES for number in range(len(suite(file).tests))]
"""A test is its number in its file: some files use a name twice."""

Runs = Mapping[str, "Future[Run]"]


def test_the_suite_is_whole() -> None:
    assert (len(FILES), len(EVERY_TEST)) == (79, 1316)


@pytest.mark.conformance
@pytest.mark.parametrize(("file", "number"), EVERY_TEST, ids=[f"{f}: {suite(f).tests[n]}" for f, n in EVERY_TEST])
def test_placement_says(file: str, number: int, runs: Runs) -> None:
    outcome = runs[file].result(LONGEST_RUN_S).outcomes[number]
    assert outcome.test == suite(file).tests[number]
    if outcome.kind:
        pytest.fail(f"stopped at {outcome.kind}\n{outcome.reason}", pytrace=False)


@pytest.mark.skipif(server_kind() == "peer", reason="Placement's exit is its own business")
def test_every_server_ended_well(runs: Runs) -> None:
    ended = {file: run.result(LONGEST_RUN_S) for file, run in runs.items()}
    statuses = {file: run.status for file, run in ended.items() if run.status != 0}
    told = {file: run.output[-2000:] for file, run in ended.items() if "Traceback" in run.output}
    assert (statuses, told) == ({}, {})
