"""Watches: each reports all that was committed before the call, with few queries."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from berth.ledger import Ledger, open_ledger
from berth.store import head
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.watch import FileWatch, Watch, watch


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


def _latest(looking: Watch) -> int | None:
    found = looking.latest()
    return None if found is None else found.number


def _head(database: Database) -> Head:
    with database.reading() as connection:
        return head.read(connection)


def test_commits_of_this_process_and_of_others(ours: Ledger, others: Ledger, looking: Watch) -> None:
    known = ours.head()
    assert _latest(looking) == known
    for number, ledger in enumerate((ours, others, others, ours), 1):
        ledger.create_trait(f"CUSTOM_{number}")
        assert (_latest(looking), _latest(looking)) == (known + number, known + number)
        latest, head = looking.latest(), _head(ours._writer.database)
        assert latest is not None
        assert latest._replace(server_time=0) == head._replace(server_time=0)


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
            latest = _latest(looking)
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
        assert (_latest(watched), _latest(watched)) == (ledger.head(), ledger.head())
        assert watched.asked[4:] == ["PRAGMA", "SELECT", "PRAGMA"]
