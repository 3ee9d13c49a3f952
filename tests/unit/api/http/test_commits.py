"""Commits: claims that come in one after the other share one, and each is carried out in the right thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import pytest

from berth.api.http.commits import GATHERING, Commits
from berth.api.http.threads import Overdue
from berth.api.http.turn import Turn
from tests.support.threads import no_thread


class RecordingLedger:
    """Stands for a ledger. calls: for each call of `work`, the turn of the loop, whether it was brief, and the thread.

    result: of a brief call.
    """

    def __init__(self, result: bool = True) -> None:
        self.turn, self.waiting, self.result = 0, True, result
        self.calls = list[tuple[int, bool, int]]()
        self.work_in_thread: Callable[[], None] = lambda: None

    def work(self, brief: bool = False) -> bool:
        self.calls.append((self.turn, brief, threading.get_ident()))
        if not brief:
            self.work_in_thread()
        return self.result

    @property
    def kinds(self) -> list[bool]:
        """Whether each call was brief."""
        return [brief for _, brief, _ in self.calls]


@pytest.fixture
def pool() -> Any:
    with ThreadPoolExecutor(1) as made:
        yield made


def commits(ledger: RecordingLedger, pool: ThreadPoolExecutor, *, in_loop: bool = True) -> Commits:
    return Commits(cast(Any, ledger), pool, Turn(), in_loop=in_loop)


async def turns(count: int = GATHERING + 2) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _worked(arrivals: list[int], pool: ThreadPoolExecutor) -> list[int]:
    """Return the turns in which there was work, if so many requests queue something in each turn."""
    ledger = RecordingLedger()
    made = commits(ledger, pool)
    for count in [*arrivals, *[0] * (GATHERING + 2)]:
        for _ in range(count):
            made.schedule()
        await asyncio.sleep(0)
        ledger.turn += 1
    return [turn for turn, _, _ in ledger.calls]


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
def test_when_a_commit_is_made(arrivals: list[int], worked: list[int], pool: ThreadPoolExecutor) -> None:
    assert asyncio.run(_worked(arrivals, pool)) == worked


@pytest.mark.parametrize(
    ("in_loop", "result", "kinds"),
    [(True, True, [True]), (True, False, [True, False]), (False, True, [False])],
    ids=["in the loop", "what is left goes to the thread", "behind a network always in the thread"],
)
def test_which_thread_carries_out(pool: ThreadPoolExecutor, in_loop: bool, result: bool, kinds: list[bool]) -> None:
    ledger = RecordingLedger(result)

    async def scheduled() -> None:
        commits(ledger, pool, in_loop=in_loop).schedule()
        await turns()

    asyncio.run(scheduled())
    pool.shutdown()
    assert ledger.kinds == kinds
    here = threading.get_ident()
    assert all((thread == here) == brief for _, brief, thread in ledger.calls)


def test_the_loop_does_not_try_while_the_thread_is_at_work(pool: ThreadPoolExecutor) -> None:
    ledger, begun, go_on = RecordingLedger(result=False), threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(10)

    async def scheduled() -> None:
        made = commits(ledger, pool)
        made.schedule()
        await turns()
        assert begun.wait(10)
        ledger.work_in_thread = lambda: None
        for _ in range(3):
            made.schedule()
            await turns()
        assert ledger.kinds == [True, False], "the thread has the file, or waits for it"
        go_on.set()
        while made._running:  # noqa: ASYNC110 - nothing signals that
            await asyncio.sleep(0.001)
        assert ledger.kinds == [True, False, False], "one round for all that came too late for the first"
        ledger.result = True
        made.schedule()
        await turns()
        assert ledger.kinds == [True, False, False, True]

    ledger.work_in_thread = wait
    asyncio.run(scheduled())


@pytest.mark.parametrize("in_loop", [True, False])
def test_what_is_raised_is_logged(pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture, in_loop: bool) -> None:
    class Failing(RecordingLedger):
        def work(self, brief: bool = False) -> bool:
            super().work(brief)
            raise OSError("no space left")

    ledger = Failing()

    async def scheduled() -> None:
        commits(ledger, pool, in_loop=in_loop).schedule()
        await turns()

    with caplog.at_level(logging.ERROR):
        asyncio.run(scheduled())
        pool.shutdown()
    assert len(ledger.calls) == len(caplog.records) == (2 if in_loop else 1)
    assert all("no space left" in str(each.exc_info) for each in caplog.records)


def test_commands_wait_while_no_thread_can_be_started(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = RecordingLedger()

    async def scheduled() -> None:
        made = commits(ledger, pool, in_loop=False)
        with monkeypatch.context() as crowded:
            crowded.setattr(threading.Thread, "start", no_thread)
            made.schedule()
            await turns()
        assert (ledger.calls, made._running) == ([], False)
        made.schedule()
        await turns()

    asyncio.run(scheduled())
    pool.shutdown()
    assert [each.getMessage() for each in caplog.records] == [
        "queued commands wait: this process can start no thread: can't start new thread"
    ]
    assert ledger.calls


def test_the_loop_is_woken_for_each_command_of_another_thread(pool: ThreadPoolExecutor) -> None:
    answers = [Future[int]() for _ in range(100)]

    async def waited() -> None:
        made = commits(RecordingLedger(), pool)
        waiting = [asyncio.create_task(made.carried_out(answer, 10)) for answer in answers]
        await turns(2)
        await asyncio.get_running_loop().run_in_executor(pool, lambda: [each.set_result(1) for each in answers])
        await asyncio.gather(*waiting)

    asyncio.run(waited())


def test_an_answer_that_does_not_come_is_overdue(pool: ThreadPoolExecutor) -> None:
    async def waited() -> float:
        began = time.monotonic()
        with pytest.raises(Overdue):
            await commits(RecordingLedger(), pool).carried_out(Future(), 0.05)
        return time.monotonic() - began

    assert asyncio.run(waited()) < 5
