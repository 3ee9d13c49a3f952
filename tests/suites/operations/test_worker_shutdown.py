"""A worker ends when it is told to, in whichever moment of its beginning that is, and whatever holds it up."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from berth.api.http import shutdown
from berth.api.http.shutdown import InFlight

FORKED = """
import os, signal, sys, time
from berth.api.http.shutdown import forget_in_children

signal.signal(signal.SIGTERM, lambda *_: None)  # as a server does, which notes it and looks later
if "forget" in sys.argv:
    forget_in_children()
child = os.fork()
if not child:
    time.sleep(2)
    os._exit(0)
os.kill(child, signal.SIGTERM)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os.kill(os.getpid(), signal.SIGTERM)  # the parent still goes by its own handler
"""

BEGINNING = """
import asyncio, os, signal, sys, uvloop
from berth.api.http.shutdown import block_signals, unblock_signals

loop = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}[sys.argv[1]]()
ended = asyncio.Event()
if "hold" in sys.argv:
    block_signals()
loop.add_signal_handler(signal.SIGTERM, ended.set)
os.kill(os.getpid(), signal.SIGTERM)
loop.call_soon(unblock_signals)

async def told():
    try:
        await asyncio.wait_for(ended.wait(), 2)
        return "heard"
    except TimeoutError:
        return "lost"

print(loop.run_until_complete(told()))
"""


STUCK = """
import ctypes, sys
from berth.api.http import shutdown
shutdown.LAST_S = 1
in_flight = shutdown.InFlight()
with in_flight:
    in_flight.end()
ctypes.PyDLL(None).sleep(60)  # whoever is called like this keeps the interpreter from every other thread
"""


def ran(script: str, *words: str) -> str:
    """What a Python process prints."""
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("words", "status"), [(["forget"], -signal.SIGTERM), ([], 0)], ids=["forget", "as it is"])
def test_a_child_that_has_just_been_forked(words: list[str], status: int) -> None:
    assert ran(FORKED, *words) == str(status)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [(["uvloop", "hold"], "heard"), (["asyncio", "hold"], "heard"), (["uvloop"], "lost")],
    ids=["uvloop", "asyncio", "uvloop without"],
)
def test_a_loop_that_has_not_run_yet(words: list[str], outcome: str) -> None:
    """The last line is why: as it is, uvloop hears nothing of what came before its first turn."""
    assert ran(BEGINNING, *words) == outcome


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
