"""The harness itself: it must pass the real Placement, and notice each fault in its replies."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.suites.conformance.runner import Run, run_file


def run_apart(*arguments: str) -> Run:
    """Run a file in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_file, *arguments).result()


@pytest.mark.parametrize(
    ("file", "fault", "kind"),
    [
        ("traits.yaml", "", ""),
        ("traits-legacy-rbac.yaml", "allowing", "status"),
        ("traits.yaml", "without-location", "headers"),
        ("traits.yaml", "rewording", "words"),
        ("granular.yaml", "losing-a-candidate", "json"),
    ],
)
def test_what_it_notices(file: str, fault: str, kind: str) -> None:
    run = run_apart(file, "peer", *(["--fault", fault] if fault else []))
    kinds = Counter(outcome.kind for outcome in run.outcomes)
    assert kinds[kind] > 0, kinds
    assert kinds["not run"] == 0
    assert fault or kinds.keys() == {""}


def test_a_server_that_does_not_start() -> None:
    run = run_apart("traits.yaml", "peer", "--no-such-option")
    assert {outcome.kind for outcome in run.outcomes} == {"not run"}
    assert "unrecognized arguments: --no-such-option" in run.outcomes[0].reason
