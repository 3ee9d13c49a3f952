"""Looking once in a turn of a loop is to look as often as anybody can tell."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from berth.store.watch import TurnWatch


class Counted:
    """A watch that counts how often it is asked. changed: whether others have written."""

    def __init__(self) -> None:
        self.asked, self.changed, self.closed = 0, False, False

    def unchanged(self, number: int) -> bool:  # noqa: ARG002 - as the others have it
        self.asked += 1
        return not self.changed

    def taken_in(self) -> None:
        self.changed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def later() -> list[Callable[[], None]]:
    return []


@pytest.fixture
def watch(counted: Counted, later: list[Callable[[], None]]) -> TurnWatch:
    return TurnWatch(counted, later.append)


def test_once_a_turn(watch: TurnWatch, counted: Counted, later: list[Callable[[], None]]) -> None:
    for turn in (1, 2, 3):
        for _ in range(5):
            assert watch.unchanged(7)
        assert (counted.asked, len(later)) == (turn, 1)
        later.pop()()


def test_what_others_wrote_is_told_until_it_was_taken_in(
    watch: TurnWatch, counted: Counted, later: list[Callable[[], None]]
) -> None:
    counted.changed = True
    assert not watch.unchanged(7)
    assert not watch.unchanged(7)
    assert later == []
    watch.taken_in()
    assert watch.unchanged(8)
    assert (counted.asked, len(later)) == (2, 1)


def test_another_thread_looks_for_itself(watch: TurnWatch, counted: Counted, later: list[Callable[[], None]]) -> None:
    assert watch.unchanged(7)
    counted.changed = True
    found: list[bool] = []
    other = threading.Thread(target=lambda: found.append(watch.unchanged(7)))
    other.start()
    other.join()
    assert (found, counted.asked, len(later)) == ([False], 2, 1)
    watch.close()
    assert counted.closed
