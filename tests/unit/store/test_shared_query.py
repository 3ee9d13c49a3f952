"""Shared queries: who shares which result, and which failure."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from berth.model.errors import Unavailable
from berth.store.backend import Unreachable
from berth.store.shared_query import SharedQuery
from berth.store.watch import RowWatch

THREADS = 8
WAIT_S = 60


class Database:
    """A database whose looks end when the test lets them, each with its number or with what `failure` holds."""

    def __init__(self) -> None:
        self.looks = 0
        self.failure: BaseException | None = None
        self.began, self.end = threading.Semaphore(0), threading.Semaphore(0)

    def look(self) -> int:
        self.looks += 1
        number = self.looks
        self.began.release()
        assert self.end.acquire(timeout=WAIT_S)
        if self.failure is not None:
            raise self.failure
        return number

    @contextmanager
    def looking(self) -> Iterator[Any]:
        self.look()
        yield


class Waiting(SharedQuery[int]):
    """Counts the threads that have asked."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.look)
        self.asked = threading.Semaphore(0)

    def get(self, wait_s: float) -> int:
        self.asked.release()
        return super().get(wait_s)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def query(database: Database) -> Waiting:
    return Waiting(database)


@pytest.fixture
def threads(database: Database) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool, ExitStack() as ending:
        ending.callback(database.end.release, 99)
        yield pool


def _ask_during_a_look(threads: ThreadPoolExecutor, database: Database, query: Waiting) -> list[Future[int]]:
    """Ask with one thread, and with all others while its look is under way."""
    asked = [threads.submit(query.get, WAIT_S)]
    assert database.began.acquire(timeout=WAIT_S)
    asked += [threads.submit(query.get, WAIT_S) for _ in range(THREADS - 1)]
    for _ in asked:
        assert query.asked.acquire(timeout=WAIT_S)
    while _waiting(query) < THREADS - 1:
        threading.Event().wait(0.001)
    return asked


def _waiting(query: SharedQuery[Any]) -> int:
    running = query._running
    return 0 if running is None else len(running.ended._cond._waiters)  # type: ignore[attr-defined]


def test_those_who_ask_during_a_look_share_the_next_one(
    threads: ThreadPoolExecutor, database: Database, query: Waiting
) -> None:
    asked = _ask_during_a_look(threads, database, query)
    database.end.release(2)
    assert [each.result(WAIT_S) for each in asked] == [1, *[2] * (THREADS - 1)], "the first look began before they did"
    assert database.looks == 2


def test_those_who_wait_share_a_failure(threads: ThreadPoolExecutor, database: Database, query: Waiting) -> None:
    """A database that hangs is waited for once, not once by each thread after the other."""
    asked = _ask_during_a_look(threads, database, query)
    database.failure = Unreachable("no answer")
    database.end.release()
    failures = [each.exception(WAIT_S) for each in asked]
    assert {(type(each), str(each)) for each in failures} == {(Unreachable, "no answer")}
    assert (len({id(each) for each in failures}), database.looks) == (THREADS, 1), "each has a traceback of its own"


def test_an_interrupted_thread_interrupts_no_other(
    threads: ThreadPoolExecutor, database: Database, query: Waiting
) -> None:
    asked = _ask_during_a_look(threads, database, query)
    database.failure = KeyboardInterrupt()
    database.end.release()
    kinds = [type(each.exception(WAIT_S)) for each in asked]
    assert kinds == [KeyboardInterrupt, *[Unavailable] * (THREADS - 1)]


def test_a_failure_is_not_the_answer_to_a_later_question(database: Database, query: Waiting) -> None:
    database.end.release(99)
    database.failure = OSError("no answer")
    with pytest.raises(OSError, match="no answer"):
        query.get(WAIT_S)
    database.failure = None
    assert (query.get(WAIT_S), query.busy) == (2, False)


def test_a_thread_waits_no_longer_than_it_wants(
    threads: ThreadPoolExecutor, database: Database, query: Waiting
) -> None:
    threads.submit(query.get, WAIT_S)
    assert database.began.acquire(timeout=WAIT_S)
    assert query.busy
    with pytest.raises(Unavailable, match="in time"):
        query.get(0)


def test_a_watch_asks_a_database_that_fails_twice_for_all(threads: ThreadPoolExecutor, database: Database) -> None:
    """The connection of the first look may have been lost long ago."""
    watch = RowWatch(database)  # type: ignore[arg-type]
    database.failure = Unreachable("no answer")
    asked = [threads.submit(watch.latest, WAIT_S)]
    assert database.began.acquire(timeout=WAIT_S)
    asked += [threads.submit(watch.latest, WAIT_S) for _ in range(THREADS - 1)]
    while _waiting(watch._query) < THREADS - 1:
        threading.Event().wait(0.001)
    database.end.release(2)
    assert {type(each.exception(WAIT_S)) for each in asked} == {Unreachable}
    assert database.looks == 2
