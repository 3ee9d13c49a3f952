"""Explanations of requests that do not fit: once for all that ask for the same."""

from __future__ import annotations

import threading
import time

import pytest

from berth.fleet.state.fleet import Fleet
from berth.ledger.write import explanations
from berth.ledger.write.explanations import Explanations
from berth.ledger.write.shared_work import SharedWork
from berth.model.commands import ReleaseAllocations
from berth.model.errors import Unavailable
from berth.model.funnel import Funnel
from berth.model.request import CandidateRequest, Group
from tests.unit.ledger.write.memory_ledger import OLD, filled


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[CandidateRequest]:
    """The requests that were explained, each of which takes a moment."""
    requests: list[CandidateRequest] = []
    explain = explanations.explain

    def noted(fleet: Fleet, request: CandidateRequest) -> Funnel:
        requests.append(request)
        time.sleep(0.05)
        return explain(fleet, request)

    monkeypatch.setattr(explanations, "explain", noted)
    return requests


def _asking(amount: int) -> CandidateRequest:
    return CandidateRequest(groups=(Group(resources={"VCPU": amount}),))


def test_threads_share_one(computed: list[CandidateRequest]) -> None:
    made, fleet, found = Explanations(), filled().fleet, list[Funnel]()
    threads = [
        threading.Thread(target=lambda: found.append(made.of_request(fleet, _asking(100), 10))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(found), len(computed), len(set(map(id, found)))) == (8, 1, 1)
    assert "VCPU" in found[0].why


def test_another_request_or_version_has_its_own(computed: list[CandidateRequest]) -> None:
    made, ledger = Explanations(), filled()
    for amount in (100, 101, 100):
        made.of_request(ledger.fleet, _asking(amount), 10)
    assert len(computed) == 2
    ledger.carry_out(ReleaseAllocations(consumer=OLD))
    made.of_request(ledger.fleet, _asking(100), 10)
    assert len(computed) == 3


@pytest.mark.usefixtures("computed")
def test_only_some_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations, "MOST_KNOWN", 2)
    made, fleet = Explanations(), filled().fleet
    for amount in range(100, 105):
        made.of_request(fleet, _asking(amount), 10)
    assert len(made._known) == 2


def test_a_failure_is_shared_and_forgotten() -> None:
    shared, began, end = SharedWork[int](), threading.Event(), threading.Event()
    errors: list[type[BaseException]] = []

    def fail() -> int:
        began.set()
        end.wait(10)
        raise ZeroDivisionError

    def ask() -> None:
        try:
            shared.result("key", fail, 10)
        except ZeroDivisionError as error:
            errors.append(type(error))

    first = threading.Thread(target=ask)
    first.start()
    began.wait(10)
    assert shared.is_running("key")
    with pytest.raises(Unavailable):
        shared.result("key", fail, 0.01)
    second = threading.Thread(target=ask)
    second.start()
    time.sleep(0.05)
    end.set()
    for thread in (first, second):
        thread.join(10)
    assert errors == [ZeroDivisionError] * 2
    assert shared.result("key", lambda: 1, 10) == 1


def test_an_interrupted_thread_lets_the_others_try_again() -> None:
    shared = SharedWork[int]()

    def interrupt() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared.result("key", interrupt, 10)
    assert shared.result("key", lambda: 1, 10) == 1
