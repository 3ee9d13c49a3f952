"""Berth answers as Placement does, over random sequences of requests at every microversion.

``BERTH_TEST_PEER_EPISODES`` says how many sequences (24), ``BERTH_TEST_PEER_SEED`` which ones.  Where
the suite runs in part it is a quarter of them.  A failure prints the shortest sequence that shows it; ``python -m
tests.suites.peer`` searches for longer.
"""

from __future__ import annotations

import os

import pytest

from tests.suites.peer.fuzz import Fuzzer
from tests.suites.peer.servers import Pair
from tests.support.databases import runs_whole

EPISODES = int(os.environ.get("BERTH_TEST_PEER_EPISODES", "24"))
SEED = int(os.environ.get("BERTH_TEST_PEER_SEED", "1"))

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]


def test_berth_answers_as_placement_does(database_kind: str, servers: Pair, tested: list[str]) -> None:
    fuzzer = Fuzzer(servers, tested, SEED, judge=True, shrink_s=10.0)
    fuzzer.run(episodes=EPISODES if runs_whole(database_kind) else EPISODES // 4, most=8)
    assert not fuzzer.reports, f"{len(fuzzer.reports)} kinds of difference; the sequences are above"
