"""A backup that is restored under a server, or a failover that loses changes: nothing of the former history counts."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from berth.api.v1 import feed as feed_module
from berth.api.v1.feed import Feed
from berth.ledger import Ledger, open_ledger
from berth.model.errors import LogReset
from tests.support.deadline import until
from tests.unit.api.v1.conftest import header, opened, told

LIMIT_S = 20


def copied(source: Path, target: Path) -> None:
    """Make one database a copy of another, also under programs that have it open."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def forked(ledger: Ledger, file: Path, others: int) -> Callable[[], None]:
    """Make two changes that will be lost. Return what lets a history with so many others take their place."""
    backup, head = file.with_name("backup.db"), ledger.head()
    copied(file, backup)
    for number in range(2):
        ledger.create_trait(f"CUSTOM_LOST_{number}")

    def take_place() -> None:
        with open_ledger(f"sqlite:///{backup}") as promoted:
            for number in range(others):
                promoted.create_trait(f"CUSTOM_OTHER_{number}")
            assert promoted.head() == head + others
        copied(backup, file)

    return take_place


@pytest.mark.parametrize("others", [0, 1, 2, 3, 5])
def test_streams_pages_and_etags_of_a_former_history(others: int, ledger_file: Path, tmp_path: Path) -> None:
    with opened(f"sqlite:///{ledger_file}", tmp_path / "secret") as asked:
        take_place = forked(asked.ledger, ledger_file, others)
        head = asked.ledger.head()
        tag = str(header(asked("GET", "/v1/fleet"), "etag"))
        assert asked("GET", "/v1/fleet", if_none_match=tag).status == 304
        place = told(asked("GET", f"/v1/changes?after={head - 1}&limit=1"))["next"]
        assert told(asked("GET", f"/v1/changes?after={place}"))["items"] == []
        followed = asked.ledger.follow(head - 1)
        assert next(followed).number == head
        take_place()
        assert asked("GET", "/v1/fleet", if_none_match=tag).status == 200
        reply = asked("GET", f"/v1/changes?after={place}")
        assert reply.status == 410
        assert told(reply)["type"] in ("/v1/problems/log-reset", "/v1/problems/changes-gone")
        with pytest.raises(LogReset) as caught:
            next(followed)
        assert caught.value.head == head - 2 + others


@pytest.mark.parametrize("others", [0, 2, 5])
def test_all_streams_are_reset(others: int, ledger_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "POLL_S", 0.01)

    async def listen(ledger: Ledger) -> None:
        feed = Feed(ledger)
        take_place = await asyncio.to_thread(forked, ledger, ledger_file, others)
        async with asyncio.timeout(LIMIT_S), aclosing(feed.listen(None, lambda: None)) as stream:
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            while feed._follower is None or not feed._follower.ready.is_set():  # noqa: ASYNC110 - nothing signals that
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.02)
            await asyncio.to_thread(take_place)
            assert b"event: reset" in await waiting
            await asyncio.to_thread(ledger.create_trait, "CUSTOM_AFTER")
            piece = await anext(stream)
            while b"CreateTrait" not in piece:  # a second reset does no harm
                assert b"event: reset" in piece
                piece = await anext(stream)
            assert b"CUSTOM_AFTER" in piece
        feed.close()

    with open_ledger(f"sqlite:///{ledger_file}") as ledger:
        asyncio.run(listen(ledger))
        until(lambda: ledger.history_epoch == 1)
