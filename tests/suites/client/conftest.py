"""A live server, and the same ledger opened beside it: whatever one writes, the other reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import berth
from berth.model.interface import LedgerInterface
from tests.suites.client.event_loop import Adapted, LoopThread
from tests.support.commands import berth_command
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.servers import Server, running

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def url(ledgers: EmptyLedgers) -> str:
    return ledgers.new()


@pytest.fixture(scope="module")
def server(url: str, folder: Path) -> Iterator[Server]:
    with running([*berth_command(), "serve", "--database", url], folder) as it:
        yield it
    assert it.status == 0
    assert "Traceback" not in it.output


@pytest.fixture(scope="module")
def ledger(server: Server, url: str) -> Iterator[berth.Ledger]:
    with berth.open(url, actor="beside") as it:
        yield it


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[berth.Client]:
    with berth.connect(server.url, token="admin") as it:
        yield it


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    it = LoopThread()
    yield it
    it.close()


@pytest.fixture(scope="module")
def async_client(server: Server, loop: LoopThread) -> Iterator[Any]:
    """An asynchronous client, with ordinary methods."""
    with Adapted(berth.aconnect(server.url, token="admin"), loop) as it:
        yield it


@pytest.fixture(params=["open", "connect", "aconnect"])
def verbs(request: pytest.FixtureRequest, ledger: berth.Ledger) -> LedgerInterface:
    """One of the three, with the same ledger behind it."""
    if request.param == "open":
        return ledger
    verbs: LedgerInterface = request.getfixturevalue("client" if request.param == "connect" else "async_client")
    return verbs


@pytest.fixture(params=["connect", "aconnect"])
def connect(request: pytest.FixtureRequest, loop: LoopThread) -> Connect:
    """How a client is made."""
    if request.param == "connect":
        return berth.connect
    return lambda *args, **kwargs: Adapted(berth.aconnect(*args, **kwargs), loop)
