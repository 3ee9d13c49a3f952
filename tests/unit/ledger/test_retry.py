"""Retries: how many attempts, which pauses, and when there is none left."""

from __future__ import annotations

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
def test_there_is_no_further_attempt_after_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 1.0, retry.GIVE_UP_S])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    assert list(retry.attempts(8)) == [False, True]
