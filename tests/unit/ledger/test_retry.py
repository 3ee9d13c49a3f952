"""Retries: how many attempts, which pauses, and when there is none left."""

from __future__ import annotations

import math

import pytest

from berth.ledger import retry


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)
    return slept


@pytest.mark.parametrize("most", [1, 2, 5])
def test_only_the_last_attempt_says_so(most: int, pauses: list[float]) -> None:
    assert list(retry.attempts(most)) == [False] * (most - 1) + [True]
    assert pauses == [retry.FIRST_PAUSE_S * 2**tried for tried in range(most - 1)]


def test_no_pause_after_a_success(pauses: list[float]) -> None:
    assert next(retry.attempts(5)) is False
    assert pauses == []


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(("deadline", "last_at"), [(math.inf, retry.GIVE_UP_S), (3.0, 3.0)])
def test_there_is_no_further_attempt_after_a_time(
    deadline: float, last_at: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    tried = retry.attempts(8, deadline)
    assert next(tried) is False
    now[0] = last_at - 0.1
    assert next(tried) is False
    now[0] = last_at
    assert list(tried) == [True]


def test_no_pause_goes_beyond_the_deadline(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    list(retry.attempts(3, deadline=0.03))
    assert pauses == [retry.FIRST_PAUSE_S, 0.03]


def test_a_conflict_is_tried_again_at_once(pauses: list[float]) -> None:
    retry.pause_after_conflict()
    assert pauses == [retry.CONFLICT_PAUSE_S / 2]
