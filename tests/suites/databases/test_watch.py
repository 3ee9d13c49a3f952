"""Watches: each reports all that was committed before the call, with few queries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from berth.ledger import Ledger, open_ledger
from berth.store.engine import Database
from berth.store.watch import FileWatch, RowWatch, Watch, watch


@pytest.fixture
def ours(url: str, database: Database) -> Iterator[Ledger]:
    with open_ledger(url) as ledger:
        yield ledger


@pytest.fixture
def others(url: str, ours: Ledger) -> Iterator[Ledger]:
    with open_ledger(url) as ledger:
        yield ledger


@pytest.fixture
def looking(ours: Ledger) -> Iterator[Watch]:
    with closing(watch(ours._writer.database)) as made:
        yield made


def test_commits_of_this_process_and_of_others(ours: Ledger, others: Ledger, looking: Watch) -> None:
    known = ours.head()
    assert looking.latest() == known
    for number, ledger in enumerate((ours, others, others, ours), 1):
        ledger.create_trait(f"CUSTOM_{number}")
        assert (looking.latest(), looking.latest()) == (known + number, known + number)


def test_nobody_is_told_less_than_was_there_when_it_asked(ours: Ledger, others: Ledger, looking: Watch) -> None:
    begin = ours.head()
    committed, wrong = [0], []

    def write() -> None:
        for number in range(60):
            others.create_trait(f"CUSTOM_{number}")
            committed[0] = number + 1

    def look() -> None:
        while committed[0] < 60:
            least = committed[0]
            latest = looking.latest()
            if latest is None or latest < begin + least:
                wrong.append((least, latest))

    with ThreadPoolExecutor(5) as threads:
        for done in [threads.submit(write), *(threads.submit(look) for _ in range(4))]:
            done.result()
    assert wrong == []


class Counted(FileWatch):
    """Keeps the statements that it executed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked = list[str]()

    def _query(self, text: str, values: object = ()) -> tuple[object, ...]:
        self.asked.append(text.split(maxsplit=1)[0])
        return super()._query(text, values)  # type: ignore[arg-type]


def test_a_file_s_head_is_read_only_when_somebody_has_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with open_ledger(url) as ledger, closing(Counted(ledger._writer.database)) as watched:
        for _ in range(3):
            watched.latest()
        assert watched.asked == ["PRAGMA", "SELECT", "PRAGMA", "PRAGMA"]
        ledger.create_trait("CUSTOM_MORE")
        assert (watched.latest(), watched.latest()) == (ledger.head(), ledger.head())
        assert watched.asked[4:] == ["PRAGMA", "SELECT", "PRAGMA"]


class Turn:
    """A lock that counts the threads that came to it."""

    def __init__(self) -> None:
        self._lock, self.come = threading.Lock(), threading.Semaphore(0)

    def __enter__(self) -> None:
        self.come.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Slow(RowWatch):
    """A watch whose queries end when the test lets them, each with its number."""

    def __init__(self) -> None:
        self.turn = Turn()
        self._turn, self._started, self._ended = self.turn, 0, (0, 0)  # type: ignore[assignment]
        self.looks, self.fails = 0, False
        self.began, self.end = threading.Semaphore(0), threading.Semaphore(0)

    def _read(self) -> int:
        self.looks += 1
        number = self.looks
        self.began.release()
        assert self.end.acquire(timeout=60)
        if self.fails:
            raise OSError("no answer")
        return number


def test_whoever_asks_during_a_look_shares_the_next_one() -> None:
    watched = Slow()
    with ThreadPoolExecutor(8) as threads, ExitStack() as ending:
        ending.callback(watched.end.release, 99)
        asked = [threads.submit(watched.latest)]
        assert watched.began.acquire(timeout=60)
        asked += [threads.submit(watched.latest) for _ in range(6)]
        for _ in asked:
            assert watched.turn.come.acquire(timeout=60)
        watched.end.release(2)
        assert [each.result(60) for each in asked] == [1, *[2] * 6], "the first look had begun before they asked"
        assert watched.looks == 2


def test_a_look_that_fails_is_nobody_else_s_answer() -> None:
    watched = Slow()
    watched.fails = True
    watched.end.release(99)
    with pytest.raises(OSError, match="no answer"):
        watched.latest()
    watched.fails = False
    assert watched.latest() == 2
