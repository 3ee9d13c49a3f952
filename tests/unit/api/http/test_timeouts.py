"""Timeouts: called when they end and not when they are cancelled, with one timer for all."""

from __future__ import annotations

import asyncio
from functools import partial

from berth.api.http.timeouts import Timeouts


def test_those_that_are_not_cancelled_are_called_in_order() -> None:
    async def played() -> tuple[list[int], float]:
        timeouts, called, loop, last = Timeouts(), list[int](), asyncio.get_running_loop(), asyncio.Event()
        began = loop.time()
        started = [timeouts.start(0.02 + number / 1000, partial(called.append, number)) for number in range(10)]
        for each in started[::2]:
            each.cancel()
        timeouts.start(0.03, last.set)
        await last.wait()
        return called, loop.time() - began

    called, took_s = asyncio.run(played())
    assert called == [1, 3, 5, 7, 9]
    assert took_s >= 0.029


def test_what_is_cancelled_is_forgotten() -> None:
    async def played() -> int:
        timeouts = Timeouts()
        for _ in range(1_000):
            timeouts.start(60, lambda: None).cancel()
        return len(timeouts._waiting)

    assert asyncio.run(played()) == 1


def test_one_that_begins_after_all_have_ended_ends_as_well() -> None:
    async def played() -> list[str]:
        timeouts, called = Timeouts(), list[str]()
        for name in ("first", "second"):
            ended = asyncio.Event()

            def end(name: str = name, ended: asyncio.Event = ended) -> None:
                called.append(name)
                ended.set()

            timeouts.start(0.001, end)
            await ended.wait()
        return called

    assert asyncio.run(played()) == ["first", "second"]


def test_a_short_wait_ends_before_a_long_one_that_began_first() -> None:
    async def played(cancelled: bool) -> float:
        timeouts, ended, loop = Timeouts(), asyncio.Event(), asyncio.get_running_loop()
        long = timeouts.start(60, ended.set)
        if cancelled:
            long.cancel()
        began = loop.time()
        timeouts.start(0.01, ended.set)
        async with asyncio.timeout(30):
            await ended.wait()
        return loop.time() - began

    assert [asyncio.run(played(cancelled)) < 30 for cancelled in (False, True)] == [True, True]
