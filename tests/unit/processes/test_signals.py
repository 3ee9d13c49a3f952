"""No signal is lost or kept, in whichever moment of a process it comes, and however many do."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

FORK = """
import os, signal, sys, time
from berth.processes.signals import ENDING, SignalPipe, held_back, reset

signals = SignalPipe(ENDING)
with held_back():
    child = os.fork()
    if not child:
        os.kill(os.getpid(), signal.SIGTERM)  # as soon as it is there
        if "reset" in sys.argv:
            reset()
        time.sleep(1)
        os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), sorted(signals.read()))
os.kill(os.getpid(), signal.SIGTERM)  # the parent still has its own handler
print(sorted(signals.read()))
"""

BEGINNING = """
import asyncio, os, signal, sys, uvloop
from berth.processes.signals import ENDING, SignalPipe

signals = SignalPipe(ENDING)
loop = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}[sys.argv[1]]()
ended = asyncio.Event()

def heard():
    if signal.SIGTERM in signals.read():
        ended.set()

loop.add_reader(signals, heard)
if sys.argv[2] == "before":
    os.kill(os.getpid(), signal.SIGTERM)
else:
    loop.call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
loop.run_until_complete(asyncio.wait_for(ended.wait(), 5))
"""

BURST = """
import os, signal, subprocess, sys, time
from berth.processes.signals import ENDING, SignalPipe

signals = SignalPipe(ENDING)
send = "import os, sys; [os.kill(int(sys.argv[1]), number) for _ in range(20_000) for number in (15, 2)]"
senders = [subprocess.Popen([sys.executable, "-c", send, str(os.getpid())]) for _ in range(2)]
received = set()
while any(sender.poll() is None for sender in senders):
    received |= signals.read()
os.kill(os.getpid(), signal.SIGTERM)
received = signals.read() and received
print(sorted(received))
signals.ignore()
subprocess.run([sys.executable, "-c", send, str(os.getpid())])
"""


def printed(script: str, *words: str) -> str:
    """What a Python process prints."""
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("word", "status"), [("reset", -signal.SIGTERM), ("inherited", 0)])
def test_a_child_that_has_just_been_forked(word: str, status: int) -> None:
    """The second line is why: as it is, the child does not heed the signal, and its parent reads it."""
    first, second = printed(FORK, word).splitlines()
    assert first == f"{status} []"
    assert second == "[15]"


@pytest.mark.parametrize("when", ["before", "in it"])
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_an_event_loop_hears_it(loop: str, when: str) -> None:
    printed(BEGINNING, loop, when)


def test_however_many_come_at_once() -> None:
    assert printed(BURST) == "[2, 15]\n"
