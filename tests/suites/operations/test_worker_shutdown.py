"""A worker that is ending has the time that its requests need, and no more."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from berth.api.http import shutdown
from berth.api.http.shutdown import InFlight

STUCK = """
import ctypes, sys
from berth.api.http import shutdown
shutdown.LAST_S = 1
in_flight = shutdown.InFlight()
with in_flight:
    in_flight.end()
ctypes.PyDLL(None).sleep(60)  # whoever is called like this keeps the interpreter from every other thread
"""


@pytest.fixture
def alarms(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    set_to: list[int] = []
    monkeypatch.setattr(signal, "alarm", set_to.append)
    return set_to


def test_a_worker_that_a_library_keeps_is_ended_by_the_system() -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK], check=False, timeout=30)
    assert ended.returncode == -signal.SIGALRM


def test_nothing_is_limited_before_it_is_told_to_end(alarms: list[int]) -> None:
    with InFlight():
        pass
    assert alarms == []


def test_requests_under_way_have_all_the_time_that_they_need(alarms: list[int]) -> None:
    under_way = InFlight()
    with under_way, under_way:
        under_way.end()
        assert alarms == []
    assert alarms == [shutdown.LAST_S]


def test_a_late_request_has_it_as_well(alarms: list[int]) -> None:
    under_way = InFlight()
    under_way.end()
    with under_way:
        assert alarms == [shutdown.LAST_S, 0]
    assert alarms == [shutdown.LAST_S, 0, shutdown.LAST_S]
