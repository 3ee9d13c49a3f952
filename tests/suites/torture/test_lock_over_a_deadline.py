"""A process that is stopped (SIGSTOP) with the lock in its hands while a hold's deadline passes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import berth
from berth import Claim, Inventory, Term, errors
from berth.ledger.verify import verify
from tests.support.document_blocks import ROOT

HOST = "00000000-0000-4000-8000-000000000001"
FIRST, SECOND, OTHER = (f"00000000-0000-4000-8000-0000000000a{digit}" for digit in "123")
WITHIN_S = 1
LONGEST_S = 30

PROCESS = """
import sys
import berth
from berth.ledger.write import writer

write_batch = writer.write_batch

def waits(*given):
    print("locked", flush=True)
    sys.stdin.readline()
    return write_batch(*given)

with berth.open(sys.argv[1]) as ledger:
    writer.write_batch = waits
    print("ready", flush=True)
    for line in sys.stdin:
        word, consumer = line.split()
        try:
            ledger.holds.confirm(consumer) if word == "confirm" else ledger.create_trait(consumer)
            print("done", flush=True)
        except berth.errors.HoldLapsed:
            print("lapsed", flush=True)
"""


class Other:
    """Another process with the same ledger, which waits with the lock in its hands before it writes."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-c", PROCESS, url]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.read("ready")

    def read(self, expected: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == expected

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    @contextmanager
    def stopped(self, line: str) -> Iterator[None]:
        """Let it begin to do something, and stop it with the lock; at the end of the block let it go on."""
        self.write(line)
        self.read("locked")
        os.kill(self.process.pid, signal.SIGSTOP)
        yield
        os.kill(self.process.pid, signal.SIGCONT)
        self.write("go on")
        self.read("done")


@pytest.fixture
def other(ledger_url: str) -> Iterator[Other]:
    started = Other(ledger_url)
    yield started
    started.process.kill()
    started.process.communicate()


def held(consumer: str) -> Claim:
    """Return a hold of all that the host has, for a second."""
    term = Term(confirm_within=WITHIN_S)
    return Claim(consumer=consumer, allocations={HOST: {"VCPU": 8}}, project="p", user="u", term=term)


def failure(answer: Future[None]) -> BaseException | None:
    return answer.exception(LONGEST_S)


@pytest.mark.timeout(180)
def test_a_lock_over_a_deadline(ledger_url: str, other: Other) -> None:
    """Nothing is given away twice, and who was too late is told so: by the time at which the lock was taken."""
    everything = Claim(consumer=OTHER, allocations={HOST: {"VCPU": 8}}, project="p", user="u")
    with berth.open(ledger_url) as ledger, ThreadPoolExecutor(1) as waiting:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(8)})
        # It confirms in time, and is stopped before it has written that: whoever wants the room has to wait, in vain.
        ledger.claim(held(FIRST))
        with other.stopped(f"confirm {FIRST}"):
            time.sleep(WITHIN_S + 0.2)
            claimed = waiting.submit(ledger.claim, everything)
            time.sleep(0.3)
            assert not claimed.done()
        assert isinstance(failure(claimed), errors.CapacityExceeded)
        assert ledger.consumer(FIRST).deadline is None
        ledger.release(FIRST)
        # It does something else, and a confirmation that was sent in time gets the lock too late.
        ledger.claim(held(SECOND))
        deadline = ledger.consumer(SECOND).deadline
        with other.stopped("trait CUSTOM_NEW"):
            confirmed = waiting.submit(ledger.holds.confirm, SECOND)
            time.sleep(WITHIN_S + 0.2)
            assert not confirmed.done()
        late = failure(confirmed)
        assert isinstance(late, errors.HoldLapsed)
        assert deadline is not None
        assert late.deadline == deadline <= late.at
        ledger.claim(everything)
        assert ledger.usages(HOST).usages == {"VCPU": 8}
        assert verify(ledger._writer.database).findings == ()
