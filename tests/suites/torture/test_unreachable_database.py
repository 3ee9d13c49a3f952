"""While the database is unreachable Berth answers 503; when it is back, Berth serves again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.suites.torture.clients import Answer, Client, claim_body, make_provider
from tests.suites.torture.instances import Instance, instance
from tests.support.databases import SERVER_KINDS, chosen_kinds
from tests.support.http_client import RETRY_AFTER
from tests.support.servers import Server, server_group

AWAY = "The database is unavailable or busy. Try again."
CONSUMER = "00000000-0000-4000-8000-000000000001"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", chosen_kinds(SERVER_KINDS))
def test_away_and_back(kind: str, tmp_path: Path) -> None:
    with instance(kind) as database, _served(database, tmp_path) as (server, client):
        host = make_provider(client, {"VCPU": 1})
        claim = "PUT", f"/allocations/{CONSUMER}", claim_body({host: {"VCPU": 1}}, None)
        database.kill()
        began = time.monotonic()
        for ask in (("GET", "/resource_providers"), ("GET", f"/allocations/{CONSUMER}"), claim):
            answer = client.ask(*ask)
            assert (answer.status, (answer.headers or {}).get("retry-after") in RETRY_AFTER) == (503, True), answer
            assert answer.body["errors"][0]["detail"] == AWAY
        assert str(database.port) in server.log.read_text(), "the log says which database is away"
        assert time.monotonic() - began < 30
        assert server.kill_worker()
        time.sleep(2)  # the next worker begins without a database
        database.start()
        assert _back(client).status == 200
        assert client.ask(*claim).status == 204


@contextmanager
def _served(database: Instance, folder: Path) -> Iterator[tuple[Server, Client]]:
    with server_group(database.url("berth"), folder, 1) as (server,), Client([server]) as client:
        yield server, client


def _back(client: Client) -> Answer:
    deadline = time.monotonic() + 60
    while (answer := client.ask("GET", "/resource_providers")).status != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer
