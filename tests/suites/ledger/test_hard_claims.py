"""Claims that are hard to search for: others can write while they are searched for, and all get an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

import berth
from berth.ledger.write import batch, candidate_search
from berth.model.commands import Allocate, Command
from berth.model.errors import NothingFits
from berth.model.record import InventoryRecord, ProviderRecord
from berth.model.request import CandidateRequest, Group
from berth.store.backend import Purpose
from tests.support.databases import is_long

CLAIMS = 128
DEVICES = 24
LOCKED_S = 0.15
"""How long other writers may wait for the head, in seconds of processor time: the machine may be busy."""

PAIRS = tuple(frozenset((str(number), str(number + 1))) for number in range(0, 12, 2))


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[berth.Ledger]:
    """Two hosts with many devices, none of which has room for two of a request's groups."""
    with berth.open(ledger_url) as opened:
        for host in "ab":
            root = ProviderRecord(name=host, inventories={"VCPU": InventoryRecord(total=10_000)})
            device = {"VGPU": InventoryRecord(total=4)}
            below = [
                ProviderRecord(name=f"{host}{number}", parent=host, inventories=device) for number in range(DEVICES)
            ]
            opened.put_records([root, *below])
        yield opened


def hard(cores: int = 1) -> Allocate:
    """Return a claim for pairs of groups that would have to share a device: every choice is tried."""
    groups = tuple(Group(suffix=str(number), resources={"VGPU": 3}) for number in range(12))
    request = CandidateRequest(groups=(*groups, Group(resources={"VCPU": cores})), same_subtrees=PAIRS)
    return Allocate(request=request, consumer=str(uuid4()), project="p", user="u")


def easy() -> Allocate:
    """Return a claim that fits."""
    request = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))
    return Allocate(request=request, consumer=str(uuid4()), project="p", user="u")


class HeadLocked:
    """How long each transaction of a ledger held the head, in seconds of its thread's processor time."""

    def __init__(self, ledger: berth.Ledger) -> None:
        self.seconds: list[float] = []
        self._began = threading.local()
        engine = ledger._writer.database._engine(Purpose.WRITE)
        event.listen(engine, "begin", self._begin)
        for end in ("commit", "rollback"):
            event.listen(engine, end, self._end)

    def _begin(self, _connection: Any) -> None:
        self._began.at = time.thread_time()

    def _end(self, _connection: Any) -> None:
        self.seconds.append(time.thread_time() - self._began.at)


def outcome(answer: Future[Any]) -> tuple[type[BaseException] | None, bool]:
    """Return the type of a refusal, and whether its search gave up."""
    error = answer.exception(60)
    return (None if error is None else type(error)), getattr(error, "bounded", False)


def test_equal_ones_are_searched_for_once(ledger: berth.Ledger) -> None:
    locked = HeadLocked(ledger)
    began = time.process_time()
    commands: list[Command] = [hard() for _ in range(CLAIMS)]
    answers = [ledger.queue(command) for command in [*commands, easy()]]
    ledger.work()
    assert [outcome(answer) for answer in answers] == [(NothingFits, True)] * CLAIMS + [(None, False)]
    assert max(locked.seconds) < LOCKED_S
    assert time.process_time() - began < 5, "as long as a few searches take, not as 128 do"


def test_different_ones_share_the_time(ledger: berth.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    count = CLAIMS if is_long() else 16
    if not is_long():
        monkeypatch.setattr(candidate_search, "FRUITLESS_STEPS", 3_000)
        monkeypatch.setattr(candidate_search, "UNSHARED", 2)
    locked = HeadLocked(ledger)
    answers: list[Future[Any]] = []

    def claim(number: int) -> None:
        with ledger.request(f"req-{number}", deadline=time.monotonic() + 30):
            answers.append(ledger.queue(hard(1 + number)))
        ledger.work()

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [outcome(answer) for answer in answers] == [(NothingFits, True)] * count
    assert max(locked.seconds) < LOCKED_S


def test_a_search_with_the_head_locked_has_a_budget(ledger: berth.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last that is tried for a claim whose candidates went each time."""
    locked = HeadLocked(ledger)
    answers = [ledger.queue(hard(1 + number)) for number in range(2)]
    for pending in ledger._writer._queue._waiting:
        pending.shortlist, pending.searches = None, 3
    ledger.work()
    assert [outcome(answer) for answer in answers] == [(NothingFits, True)] * 2
    assert len(locked.seconds) == 2, "each had the budget of a batch for itself"
    assert max(locked.seconds) < 3 * batch.MOST_S
