"""Placement's own tests where every claim is a hold or ends, and others are over: its clients must notice nothing.

Long form: all files, with each kind of claims.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

from berth.model.commands import Claim
from tests.suites.conformance.conftest import LONGEST_RUN_S
from tests.suites.conformance.runner import run_file
from tests.suites.conformance.servers import server_kind
from tests.suites.conformance.suites import every_file
from tests.suites.conformance.timed_server import ENDING, HOLD, KINDS, VARIABLE, timed
from tests.support.databases import is_long
from tests.support.document_blocks import ROOT

RUNS = (
    [(kind, file) for kind in KINDS for file in every_file()] if is_long() else [("haunted", "allocations-1.28.yaml")]
)


def test_both_kinds_of_term_are_given() -> None:
    claims = [Claim(consumer=f"x{digit}", allocations={"p": {"VCPU": 1}}, project="p", user="u") for digit in "ab"]
    assert [timed(each).term for each in claims] == [ENDING, HOLD]


@pytest.mark.skipif(server_kind() == "peer", reason="Placement has no terms")
@pytest.mark.parametrize(("kind", "file"), RUNS)
def test_placement_says_the_same_of_claims_with_terms(kind: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, kind)
    monkeypatch.setenv("BERTH_COMMAND", f"'{sys.executable}' -m tests.suites.conformance.timed_server")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, ROOT / "src"))))
    # A run changes its process's environment: it needs one of its own, which must not inherit pytest's state.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        run = pool.submit(run_file, file, "berth").result(LONGEST_RUN_S)
    assert [(each.test, each.kind, each.reason) for each in run.outcomes if each.kind] == []
    assert (run.status, "Traceback" in run.output) == (0, False)
