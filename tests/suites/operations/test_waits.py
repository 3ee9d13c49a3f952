"""What one request waits for, no other waits for: a file that another program writes, a database that hangs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from berth.api.http.limits import Limiter
from berth.api.http.server import Server
from berth.api.http.threads import REQUEST_S
from berth.api.ops.metrics import MetricsRegistry
from berth.api.v1.feed import Feed
from berth.app import mounts_of
from berth.ledger import open_ledger
from berth.settings import Limits, Settings
from berth.store.backend import LOOK_S
from tests.suites.torture.network import PORTS, Proxy
from tests.support import servers
from tests.support.databases import SERVER_KINDS, chosen_kinds, is_long, ledger_database, require_database
from tests.support.in_process_server import InProcessServer
from tests.support.servers import server_group

HEADERS = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39"}
HELD_S = 12 if is_long() else 2
"""How long another program holds the file."""
AT_ONCE_S = 0.5
"""The longest that may pass for what waits for nothing, on a machine that is busy with other tests."""


def timed(ask: Callable[[], httpx.Response]) -> tuple[int, float]:
    began = time.monotonic()
    return ask().status_code, time.monotonic() - began


@contextmanager
def client(server: servers.Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=HEADERS, timeout=60) as made:
        yield made


def test_a_file_that_another_program_writes_delays_writes_only(tmp_path: Path) -> None:
    with server_group(f"sqlite:///{tmp_path}/x.db", tmp_path, 1) as (server,), client(server) as http:
        with (
            closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other,
            ThreadPoolExecutor(2) as threads,
        ):
            other.execute("BEGIN IMMEDIATE")
            writes = [
                threads.submit(timed, lambda name=name: http.post("/resource_providers", json={"name": name}))
                for name in ("host-1", "host-2")
            ]
            answers, ends = [], time.monotonic() + HELD_S
            while time.monotonic() < ends:
                answers += [timed(lambda path=path: http.get(path)) for path in ("/healthz", "/resource_providers")]
                time.sleep(0.02)
            other.execute("COMMIT")
            written = [write.result() for write in writes]
        names = {each["name"] for each in http.get("/resource_providers").json()["resource_providers"]}
    assert {status for status, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < AT_ONCE_S
    late = HELD_S > REQUEST_S
    assert {status for status, _ in written} == ({503} if late else {200})
    assert max(seconds for _, seconds in written) < min(HELD_S, REQUEST_S) + 1
    assert names == (set() if late else {"host-1", "host-2"})


@pytest.fixture(params=chosen_kinds(SERVER_KINDS))
def hanging(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Proxy]]:
    """Return the URL of a database with a ledger, through a proxy that can make it hang."""
    require_database(request.param)
    with ledger_database(request.param, tmp_path) as url:
        at = make_url(url)
        with closing(Proxy(at.host or "", at.port or PORTS[request.param])) as proxy:
            yield at.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False), proxy
            proxy.passing.set()


def test_a_database_that_hangs_costs_a_request_no_more_than_its_time(
    hanging: tuple[str, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, proxy = hanging
    settings = Settings(auth=("dev",))
    with open_ledger(url) as ledger:
        mounts = mounts_of(settings, ledger, Feed(ledger), Limiter(Limits()), MetricsRegistry())
        with closing(InProcessServer(Server(mounts, ledger))) as inside:
            assert inside.request("POST", "/resource_providers", "admin", {"name": "host"}).status == 200
            monkeypatch.setattr("berth.api.http.server.REQUEST_S", 1.0)
            proxy.passing.clear()
            began = time.monotonic()
            replies = inside.request_at_once(
                [("GET", "/resource_providers", "admin", None)] * 16
                + [("POST", "/resource_providers", "admin", {"name": f"host-{number}"}) for number in range(2)]
                + [("GET", "/healthz", "", None)],
                until_written=False,
            )
            took = time.monotonic() - began
            proxy.passing.set()
    assert [reply.status for reply in replies] == [503] * 18 + [200]
    assert took < LOOK_S, "as long as the database may take to answer"


@pytest.mark.skipif(not is_long(), reason="it takes as long as a request may, and once more on each database")
def test_a_database_that_hangs_does_not_hold_up_the_server(hanging: tuple[str, Proxy], tmp_path: Path) -> None:
    url, proxy = hanging
    with server_group(url, tmp_path, 1) as (server,), client(server) as http, ThreadPoolExecutor(24) as threads:
        assert http.post("/resource_providers", json={"name": "host"}).status_code == 200
        proxy.passing.clear()
        asked = [threads.submit(timed, lambda: http.get("/resource_providers")) for _ in range(16)]
        asked += [threads.submit(timed, lambda: http.post("/resource_providers", json={"name": "host-1"}))]
        healthy = []
        while not all(each.done() for each in asked):
            healthy.append(timed(lambda: http.get("/healthz")))
            time.sleep(0.05)
        proxy.passing.set()
        answers = [each.result() for each in asked]
    assert {status for status, _ in healthy} == {200}
    assert max(seconds for _, seconds in healthy) < AT_ONCE_S
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < REQUEST_S + 1
