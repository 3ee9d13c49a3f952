"""The cost of audit records per claim, in bytes and statements. In claims per second: `python -m bench.cost`."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bench import bare
from berth.ledger import Ledger, open_ledger
from berth.ledger.write import batch
from berth.model.commands import Claim, SetAllocations
from berth.model.inventory import Inventory
from tests.suites.bench.operation_counts import statements

BATCHES, EACH = 128, 8
COUNTERS = Path("/proc/self/io")


class Spent(NamedTuple):
    """The cost of all claims together. written: bytes written by this process."""

    written: int
    statements: int


@pytest.fixture
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that turns recording off."""
    return lambda: monkeypatch.setattr(batch, "_enter", bare.only_logged)


@pytest.mark.skipif(not COUNTERS.exists(), reason="this system does not count what a process writes")
def test_a_claim_and_its_record(tmp_path: Path, unrecorded: Callable[[], None]) -> None:
    """Indexing the subjects of each record in its own commit made it 1.9 times as many bytes."""
    whole = _claimed(tmp_path / "whole.db")
    unrecorded()
    without = _claimed(tmp_path / "without.db")
    assert whole.written < without.written * 1.4, (whole, without)
    assert whole.statements <= without.statements + BATCHES * 1.2, "one each commit, and two for each full block"


def _claimed(file: Path) -> Spent:
    """Claims in a ledger of its own, as many in a commit as a busy server has."""
    chance = random.Random(5)
    with open_ledger(f"sqlite:///{file}", actor="ada") as ledger:
        hosts = [ledger.create_provider(f"host-{number}").uuid for number in range(200)]
        for host in hosts:
            ledger.set_inventories(host, {"VCPU": Inventory(total=100)})
        _batch(ledger, hosts, chance)
        before = _written()
        with statements() as seen:
            for _ in range(BATCHES):
                _batch(ledger, hosts, chance)
        return Spent(_written() - before, seen.total())


def _batch(ledger: Ledger, hosts: list[str], chance: random.Random) -> None:
    claims = [
        Claim(
            consumer=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            allocations={chance.choice(hosts): {"VCPU": 1}},
            project="lab",
            user="ada",
        )
        for _ in range(EACH)
    ]
    answers = [ledger.queue(SetAllocations(claims=(claim,))) for claim in claims]
    ledger.work()
    for answer in answers:
        answer.result()


def _written() -> int:
    return next(int(line.split()[1]) for line in COUNTERS.read_text().splitlines() if line.startswith("wchar"))
