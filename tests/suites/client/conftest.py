"""A live server, and the same ledger opened beside it: whatever one writes, the other reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import berth
from berth.model.interface import LedgerInterface
from tests.support.commands import berth_command
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.servers import Server, running


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


@pytest.fixture(params=["open", "connect"])
def verbs(request: pytest.FixtureRequest, ledger: berth.Ledger, client: berth.Client) -> LedgerInterface:
    """One of both, with the same ledger behind it."""
    return ledger if request.param == "open" else client
