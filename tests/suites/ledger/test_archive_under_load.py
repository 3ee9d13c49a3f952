"""An archive of many changes beside a process that claims: nothing is refused, and no claim waits for it for long."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from berth.ledger import Ledger, open_ledger
from berth.ledger.audit import archive, chain
from berth.ledger.audit.archive_file import verify_archives
from berth.ledger.verify import verify
from berth.model.caller import Caller
from berth.model.commands import Claim, ReleaseAllocations, SetAllocations
from berth.model.inventory import Inventory
from berth.store.engine import Database
from tests.support.databases import is_long

pytestmark = pytest.mark.alone

CHANGES: Final = 1_000_000 if is_long() else 2_000
AT_ONCE: Final = 500
EVER: Final = 2**62
WAIT_S: Final = 0.05
"""How much longer a claim may take beside an archive. In the short form, where it is soon over, ten times as much."""


def fill(ledger: Ledger, host: str) -> None:
    """Make that many changes: claims and their release."""
    ledger.create_provider("host", uuid=host)
    ledger.set_inventories(host, {"VCPU": Inventory(total=1_000_000)})
    for _ in range(CHANGES // AT_ONCE // 2):
        consumers = [str(uuid4()) for _ in range(AT_ONCE)]
        for consumer in consumers:
            ledger.queue(SetAllocations(claims=(claim_of(consumer, host),)))
        ledger.work()
        for consumer in consumers:
            ledger.queue(ReleaseAllocations(consumer=consumer))
        ledger.work()


def claim_of(consumer: str, host: str) -> Claim:
    return Claim(consumer=consumer, allocations={host: {"VCPU": 1}}, project="p", user="u")


def claim_until_stopped(url: str, host: str, parent: Connection) -> None:
    """Claim again and again, and send when each claim began and how long it took."""
    times = list[tuple[float, float]]()
    with open_ledger(url) as ledger:
        parent.send("ready")
        while not parent.poll():
            began = time.time()
            ledger.claim(claim_of(str(uuid4()), host))
            times.append((began, time.time() - began))
            time.sleep(0.005)
    parent.send(times)


@contextmanager
def claimer(url: str, host: str) -> Iterator[Connection]:
    """Run a process that claims, and yield the way to it."""
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    process = spawning.Process(target=claim_until_stopped, args=(url, host, there))
    process.start()
    there.close()
    try:
        assert here.recv() == "ready"
        yield here
    finally:
        process.join(30)
        process.kill()


def longest(times: list[tuple[float, float]]) -> float:
    """Return how long claims take, but for one in a thousand."""
    took = sorted(each for _, each in times)
    return took[len(took) * 999 // 1000]


def test_no_claim_waits_for_an_archive(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "YOUNGEST_US", 0)
    host, file, database = str(uuid4()), tmp_path / "old.jsonl", Database(ledger_url)
    with open_ledger(ledger_url) as ledger:
        fill(ledger, host)
    with claimer(ledger_url, host) as claiming:
        time.sleep(20 if is_long() else 1)
        began = time.time()
        moved = archive.archive(database, EVER, file, Caller(name="root"))
        ended = time.time()
        claiming.send("stop")
        times = claiming.recv()
    before = [each for each in times if each[0] < began]
    beside = [each for each in times if began <= each[0] < ended]
    assert moved is not None
    assert moved.last >= CHANGES
    assert beside
    assert longest(beside) <= longest(before) + WAIT_S * (1 if is_long() else 10)
    assert verify(database).findings == ()
    assert chain.verify(database).findings == ()
    assert verify_archives([file], database).findings == ()
    database.close()
