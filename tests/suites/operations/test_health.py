"""/healthz and /readyz: for everybody, soon, and without a word of what is behind them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.api.http.app import AsyncReply
from berth.api.http.messages import Reply, Request
from berth.api.ops import health
from berth.api.ops.health import Readiness
from berth.api.ops.single_flight import SingleFlight
from berth.ledger import Ledger, open_ledger
from berth.model.errors import Unavailable
from tests.suites.torture.network import Proxy
from tests.support.databases import SERVER_KINDS, chosen_kinds, require_database
from tests.support.deadline import LIMIT_S, until
from tests.support.empty_ledgers import empty_ledgers
from tests.support.http_client import HttpClient
from tests.support.servers import configured_server
from tests.support.threads import no_thread


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpClient]:
    with configured_server(tmp_path_factory.mktemp("health"), "") as port:
        yield HttpClient(port)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/healthz", 200, "ok\n"),
        ("GET", "/readyz", 200, "ready\n"),
        ("HEAD", "/healthz", 200, ""),
        ("HEAD", "/readyz", 200, ""),
        ("POST", "/healthz", 405, None),
        ("DELETE", "/readyz", 405, None),
        ("GET", "/healthz/x", 404, None),
        ("GET", "/readyz/", 404, None),
    ],
)
def test_for_everybody(ask: HttpClient, method: str, path: str, status: int, text: str | None) -> None:
    told = ask(method, path, {})
    assert told.status_code == status
    assert text is None or told.text == text
    assert told.headers.get("allow") == ("GET, HEAD" if status == 405 else None)
    assert told.headers["content-type"].lower() == "text/plain; charset=utf-8"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger


def answered(ready: Readiness) -> Reply:
    async def asked() -> Reply:
        later = ready.handle(Request("GET", "/readyz", "", {}))
        assert isinstance(later, AsyncReply)
        return await later.reply

    return asyncio.run(asked())


def test_not_ready_while_it_takes_in_what_is_new(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_S", 0.2)
    ready, done, refresh = Readiness(ledger), threading.Event(), ledger._writer.refresh
    monkeypatch.setattr(ledger._writer, "refresh", lambda: (done.wait(60), refresh()))
    told = answered(ready)
    assert (told.status, told.body) == (503, b"not ready: the database does not answer in time\n")
    done.set()
    until(lambda: answered(ready).status == 200, "it does not become ready again")


def test_not_ready_without_a_database(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ready = Readiness(ledger)
        ledger._writer.database._unreachable_until = time.monotonic() + 3600
        told = answered(ready)
        assert (told.status, told.body) == (503, b"not ready: the database is unreachable\n")


def test_what_hangs_is_begun_once() -> None:
    begun, end = [], threading.Event()

    def work() -> int:
        begun.append(1)
        end.wait(60)
        return len(begun)

    async def asked(single: SingleFlight[int]) -> int:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await single.result(0.01)
        end.set()
        return await single.result(60)

    assert asyncio.run(asked(SingleFlight("test", work))) == 1


def test_what_finds_no_thread_is_begun_by_the_next_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    single = SingleFlight("test", lambda: 1)
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(Unavailable, match="can start no thread"):
            asyncio.run(single.result(60))
    assert asyncio.run(single.result(60)) == 1


@pytest.mark.parametrize("kind", chosen_kinds(SERVER_KINDS))
def test_a_database_that_hangs_does_not_keep_anybody_waiting(kind: str, tmp_path: Path) -> None:
    require_database(kind)
    with empty_ledgers(kind) as ledgers:
        url = ledgers.new()
        with open_ledger(url) as made:
            target = made._writer.database.url
        proxy = Proxy(str(target.host), target.port or 5432)
        through = target.set(drivername=kind, host="127.0.0.1", port=proxy.port)
        try:
            _hang(proxy, through.render_as_string(hide_password=False), tmp_path)
        finally:
            proxy.close()


def _hang(proxy: Proxy, url: str, folder: Path) -> None:
    with configured_server(folder, "", "--database", url) as port:
        ask = HttpClient(port)
        until(lambda: ask("GET", "/readyz", {}).status_code == 200, "it is not ready")
        proxy.passing.clear()
        others = [threading.Thread(target=ask, args=("GET", "/resource_providers")) for _ in range(12)]
        for each in others:
            each.start()
        began = time.monotonic()
        told = ask("GET", "/readyz", {})
        assert time.monotonic() - began < LIMIT_S
        assert told.status_code == 503
        assert told.text.startswith("not ready: the database ")
        assert "127.0.0.1" not in told.text
        assert ask("GET", "/healthz", {}).status_code == 200
        proxy.calm()
        for each in others:
            each.join()
        until(lambda: ask("GET", "/readyz", {}).status_code == 200, "it does not become ready again")
