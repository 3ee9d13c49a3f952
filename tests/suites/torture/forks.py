"""A failover that takes changes back: a standby that lags is promoted, and others go on before a process looks.

One process knows changes that are lost, and the new history may be shorter, as long, or longer than what it knew. All
lengths are tried at once, each in a ledger of its own, for one failover strikes all databases of a server.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from berth.ledger import Ledger, open_ledger
from berth.ledger.observer import CommitObserver
from berth.ledger.verify import verify
from berth.model.commands import Claim
from berth.model.errors import BerthError, CapacityExceeded, Unavailable
from berth.model.inventory import Inventory
from tests.suites.torture.pairs import Pair, pair
from tests.support.commands import run_berth
from tests.support.deadline import until

HOST: Final = "f0000000-0000-4000-8000-000000000001"
CAPACITY: Final = 100
EACH: Final = 7
"""How much is claimed by each change of the new history; those that are lost had claimed 1 each."""

PATIENCE_S: Final = 20
"""How long a process may answer that its database is behind, until it believes it."""

LEDGER: Final = "berth"
"""The empty ledger, of which each fork has a copy."""


@dataclass(frozen=True, slots=True)
class Fork:
    """How many changes are lost, how many others are written before the process looks, and whether it reads first."""

    lost: int
    written: int
    reads: bool

    @property
    def database(self) -> str:
        return f"berth_{self.lost}_{self.written}_{'read' if self.reads else 'claim'}"


class Forks(CommitObserver):
    """Counts how often a process found another history."""

    def __init__(self) -> None:
        self.found = 0

    def forked(self) -> None:
        self.found += 1


@dataclass(slots=True)
class Case:
    """A fork, with the process that knows what is lost and the one that goes on. wrong: what was not as it must be."""

    fork: Fork
    knows: Ledger
    goes_on: Ledger
    forks: Forks
    wrong: list[str]

    def write_after(self) -> None:
        """Write the new history, which nobody but its writer has seen yet."""
        for _ in range(self.fork.written):
            self.goes_on.claim(claim_of(EACH))

    def check(self) -> None:
        """Let the process that knew better read and claim: one more than there is room for, and then all of that."""
        used = 1 + EACH * self.fork.written
        if self.fork.reads:
            self._expect("reads", used_by(self.knows), used)
        self._expect("claims too much:", self._claimed(CAPACITY - used + 1), "refused")
        self._expect("claims the rest:", self._claimed(CAPACITY - used), "done")
        for name, ledger in (("the one that knew", self.knows), ("the other", self.goes_on)):
            self._expect(f"{name} reads in the end", used_by(ledger), CAPACITY)
        self._expect("noticed", self.forks.found, 1)
        self.wrong += verify(self.goes_on._writer.database).findings

    def _claimed(self, amount: int) -> str:
        try:
            self.knows.claim(claim_of(amount))
        except CapacityExceeded:
            return "refused"
        except BerthError as error:
            return repr(error)
        return "done"

    def _expect(self, about: str, found: object, right: object) -> None:
        if found != right:
            self.wrong.append(f"{about} {found}, not {right}")


def used_by(ledger: Ledger) -> int:
    """Return how much of the host is used, as a process reads it: again, while it takes the database for a standby."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ledger.usages(HOST).usages["VCPU"]
        except Unavailable:
            if time.monotonic() > deadline:
                raise


def claim_of(amount: int) -> Claim:
    """Return a claim of a new consumer."""
    return Claim(consumer=str(uuid4()), allocations={HOST: {"VCPU": amount}}, project="p", user="u")


def fork_all(synchronous: bool, longest: int) -> list[str]:
    """Plant forks with up to this many lost changes, and up to one more that are written. Return what was wrong."""
    lengths = itertools.product(range(1, longest + 1), range(longest + 2))
    forks = [Fork(lost, written, reads=(lost + written) % 2 == 0) for lost, written in lengths]
    with pair(synchronous) as servers, ExitStack() as opened:
        _plant(servers, forks)
        servers.replicate()
        cases = [opened.enter_context(_case(servers, fork)) for fork in forks]
        servers.cut_off()
        if synchronous:
            _lose_unseen(servers, cases)
        else:
            _lose_acknowledged(cases)
        servers.fail_over()
        for case in cases:
            case.write_after()
            case.check()
        return [f"{case.fork}: {finding}" for case in cases for finding in case.wrong]


def _plant(servers: Pair, forks: Sequence[Fork]) -> None:
    """Create the ledgers, each with a host of which a little is held."""
    servers.primary.execute(f"CREATE DATABASE {LEDGER}")
    url = servers.primary.url(LEDGER)
    run_berth("db", "upgrade", "--database", url)
    with open_ledger(url) as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(total=CAPACITY)})
        ledger.claim(claim_of(1))
    for fork in forks:
        servers.primary.execute(f"CREATE DATABASE {fork.database} TEMPLATE {LEDGER}")


@contextmanager
def _case(servers: Pair, fork: Fork) -> Iterator[Case]:
    url, forks = servers.url(fork.database), Forks()
    with open_ledger(url) as knows, open_ledger(url) as goes_on:
        knows.observe(forks)
        yield Case(fork, knows, goes_on, forks, [])


def _lose_acknowledged(cases: Sequence[Case]) -> None:
    """Claim what the standby does not get. It is acknowledged, for nothing waits for an asynchronous one."""
    for case in cases:
        for _ in range(case.fork.lost):
            case.knows.claim(claim_of(1))


def _lose_unseen(servers: Pair, cases: Sequence[Case]) -> None:
    """Claim what the standby does not get: nothing is acknowledged, but a primary that restarts shows it."""
    words = [f"{servers.primary.url(case.fork.database)} {case.fork.lost}" for case in cases]
    claimer = subprocess.Popen([sys.executable, "-m", "tests.suites.torture.claims_at_once", *words])
    try:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        until(lambda: bool(servers.primary.execute(waiting) == len(cases)), "some claims do not wait")
    finally:
        claimer.kill()
        claimer.wait(60)
    servers.primary.kill()
    servers.primary.start()
    for case in cases:
        case._expect("sees what waits:", used_by(case.knows), 1 + case.fork.lost)
