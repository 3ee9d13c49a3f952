"""Very many holds that lapse in the same second: whoever claims then is not held up by them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from berth.api.ops.lapse_timer import LapseTimer
from berth.ledger import Ledger
from berth.ledger.verify import verify
from berth.ledger.write.decide.lapses import BESIDE_CLAIMS
from berth.model.caller import Caller
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from berth.model.term import SECOND, Term
from berth.store.engine import Database
from tests.suites.bench.operation_counts import operations, statements
from tests.support.databases import is_long
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.hold_ledger import FakeClock, timed_ledger

HOST, POOL = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "12")
FEW = 8 * BESIDE_CLAIMS
MANY = 10_000
AT_ONCE = 500
CLIENTS = 32
ROUNDS = 3


@pytest.fixture
def database(ledger_url: str) -> Iterator[Database]:
    database = Database(ledger_url)
    yield database
    database.close()


def claim(host: str = HOST, **term: int) -> Claim:
    given = {"term": Term(**term)} if term else {}
    return Claim(consumer=str(uuid4()), allocations={host: {"VCPU": 1}}, project="p", user="u", **given)  # type: ignore[arg-type]


def fill(ledger: Ledger, holds: int, end: int) -> None:
    """Make so many holds of one pool, which all count no more from the same instant on, and a host for all others."""
    for uuid, name in ((HOST, "host"), (POOL, "pool")):
        ledger.create_provider(name, uuid=uuid)
        ledger.set_inventories(uuid, {"VCPU": Inventory(total=10**6)})
    for begin in range(0, holds, AT_ONCE):
        number = min(AT_ONCE, holds - begin)
        ledger.claim(*(claim(POOL, confirm_within=3600, end=end) for _ in range(number)))


def test_a_claim_beside_many_lapses_costs_no_more_than_beside_a_few(database: Database) -> None:
    """Counted: each commit sweeps a bounded number, however many have lapsed, and needs no more statements for it."""
    clock = FakeClock()
    ledger = timed_ledger(database, clock)
    fill(ledger, FEW, clock.now + 60 * SECOND)
    ledger.claim(claim())
    clock.go_on(60)
    costs, head = list[tuple[int, int]](), ledger.head()
    while ledger._writer.fleet.lapses.lapsed or not costs:
        with statements() as sent:
            steps = operations(lambda: ledger.claim(claim()))
        costs.append((sum(sent.values()), steps))
    assert len(costs) == FEW // BESIDE_CLAIMS
    assert ledger.head() == head + 2 * len(costs)
    first, *others = costs
    assert all(sent <= first[0] for sent, _ in others)
    assert all(steps < 1.5 * first[1] for _, steps in others)
    assert ledger.usages(POOL).usages == {"VCPU": 0}
    assert verify(database).findings == ()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_claims_go_on_while_ten_thousand_holds_lapse(ledgers: EmptyLedgers) -> None:
    """With the server's timer, and clients that claim all the time: above half of their rate before, the best of three.

    It needs a machine with nothing else to do: what others take in that very second is taken from the claims.
    """
    if not is_long():
        pytest.skip("it measures time: in the long form")
    shares = list[float]()
    while not shares or (max(shares) <= 0.5 and len(shares) < ROUNDS):
        database = Database(ledgers.new())
        before, during = rates(database, MANY)
        database.close()
        shares.append(during / before)
    assert max(shares) > 0.5, shares


def rates(database: Database, holds: int) -> tuple[float, float]:
    """Return claims a second in the three seconds before many holds lapse, and in the one after that instant."""
    ledger, ended, made = Ledger(database, Caller(name="tests")), threading.Event(), list[float]()
    instant = time.time() + 20
    fill(ledger, holds, round(instant * SECOND))
    timer = LapseTimer(ledger)
    timer.start()

    def work() -> None:
        while not ended.is_set():
            mine = claim()
            ledger.claim(mine)
            made.append(time.time())

    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in range(CLIENTS):
            clients.submit(work)
        time.sleep(max(0.0, instant + 1.5 - time.time()))
        ended.set()
    timer.close()
    return sum(instant - 4 <= at < instant - 1 for at in made) / 3, sum(instant <= at < instant + 1 for at in made)
