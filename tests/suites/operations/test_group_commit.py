"""Claims that come in one after the other share a commit, and none waits for long."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from berth.api.http.server import GATHERING, Server


class Counting:
    """Stands for site and ledger. worked: the turns of the loop in which the ledger was asked to work."""

    waits, waiting = False, True

    def __init__(self) -> None:
        self.turn, self.worked = 0, list[int]()

    def work(self) -> None:
        self.worked.append(self.turn)


async def _worked(arrivals: list[int]) -> list[int]:
    """When there was work, if so many requests queue something in each turn."""
    counting = Counting()
    server = Server(cast(Any, counting), cast(Any, counting))
    for count in [*arrivals, *[0] * (GATHERING + 2)]:
        for _ in range(count):
            server._schedule_work()
        await asyncio.sleep(0)
        counting.turn += 1
    return counting.worked


@pytest.mark.parametrize(
    ("arrivals", "worked"),
    [
        ([1], [0]),
        ([1, 1, 1], [0, 1, 2]),
        ([2], [1]),
        ([2, 3, 1], [3]),
        ([8] * (GATHERING + 1), [GATHERING]),
        ([8] * (2 * GATHERING + 2), [GATHERING, 2 * GATHERING + 1]),
    ],
    ids=["one alone", "one after the other", "two", "while more come", "for some turns", "and again"],
)
def test_when_a_commit_is_made(arrivals: list[int], worked: list[int]) -> None:
    assert asyncio.run(_worked(arrivals)) == worked
