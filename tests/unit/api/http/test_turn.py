"""Turns: one thread computes at a time, and each has its turn."""

from __future__ import annotations

import threading
import time

import pytest

from berth.api.http import turn as module
from berth.api.http.turn import Turn
from tests.support.deadline import until

LIMIT_S = 10


def test_one_at_a_time_and_each_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.0)
    monkeypatch.setattr(module, "WORK_S", 0.0)
    turn, inside, steps = Turn(), list[int](), list[int]()

    def compute(number: int) -> None:
        with turn:
            for _ in range(50):
                inside.append(number)
                assert inside == [number], "another one computes as well"
                steps.append(number)
                time.sleep(0.0001)
                inside.remove(number)
                turn.pass_on()

    threads = [threading.Thread(target=compute, args=(number,)) for number in range(3)]
    with turn:
        for thread in threads:
            thread.start()
        until(lambda: len(turn._waiting) == 3)
    for thread in threads:
        thread.join(LIMIT_S)
    assert sorted(steps) == [0] * 50 + [1] * 50 + [2] * 50
    assert all(len(set(steps[at : at + 3])) == 3 for at in range(148)), "each in turn"


def test_a_turn_is_kept_for_a_while() -> None:
    turn, entered = Turn(), threading.Event()

    def enter() -> None:
        with turn:
            entered.set()

    with turn:
        thread = threading.Thread(target=enter)
        thread.start()
        while not turn._waiting:
            time.sleep(0.001)
        turn._began, turn._rested = time.monotonic() + LIMIT_S, 0.0
        turn.pass_on()
        assert not entered.is_set()
        turn._began, turn._rested = 0.0, 0.0
        turn.pass_on()
        assert entered.is_set()
    thread.join(LIMIT_S)


def test_an_exception_ends_the_turn() -> None:
    turn = Turn()
    with pytest.raises(ValueError, match="planted"), turn:
        raise ValueError("planted")
    with turn:
        turn.pass_on()


def test_it_rests_while_a_commit_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_REST_S", LIMIT_S)
    turn, begun, worked = Turn(), threading.Event(), threading.Event()

    def compute() -> None:
        with turn:
            turn._rested = 0.0
            begun.set()
            turn.pass_on()
            worked.set()

    thread = threading.Thread(target=compute)
    with turn.held_off():
        thread.start()
        assert begun.wait(LIMIT_S)
        assert not worked.wait(0.05)
    assert worked.wait(LIMIT_S / 2), "the commit has ended"
    thread.join(LIMIT_S)


def test_it_rests_no_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_REST_S", 0.001)
    turn = Turn()
    with turn, turn.held_off():
        turn._rested = 0.0
        turn.pass_on()
        assert turn._rested > 0.0
