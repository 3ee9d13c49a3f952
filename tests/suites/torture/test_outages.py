"""During an outage of the database Berth answers 503 with Retry-After, never 500; after it, Berth serves again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from berth.ledger import open_ledger
from berth.store import grants
from tests.suites.torture.clients import Answer, Client, claim_body, find_body, make_provider
from tests.suites.torture.outages import TROUBLES, Trouble, Troubled, full_disk, replaced_by_standby, troubled
from tests.support.commands import run_berth
from tests.support.databases import SERVER_KINDS, chosen_kinds, require_database
from tests.support.http_client import RETRY_AFTER
from tests.support.servers import Server, server_group

BACK_S = 60
TOO_MUCH = "has more rights than serving needs"
SLOWEST_S = 30
"""How long a client waits for its 503 at most."""


@dataclass(frozen=True, slots=True)
class Claiming:
    """One host, and the ways in which a client claims a part of it for a new consumer."""

    client: Client
    host: str

    @property
    def ways(self) -> dict[str, Callable[[], Answer]]:
        one, ask = {"VCPU": 1}, self.client.ask
        return {
            "by name": lambda: ask("PUT", f"/allocations/{uuid4()}", claim_body({self.host: one}, None)),
            "wherever it fits": lambda: ask("POST", "/v1/claims", find_body(str(uuid4()), one)),
        }

    def used(self) -> Answer:
        return self.client.ask("GET", f"/resource_providers/{self.host}/usages")

    def claimed(self) -> int:
        """Claim once each way; all must succeed as soon as the server has recovered. Return what is used then."""
        for way in self.ways.values():
            deadline = time.monotonic() + BACK_S
            while (answer := way()).status == 503 and time.monotonic() < deadline:
                time.sleep(0.2)
            assert 200 <= answer.status < 300, answer
        return int(self.used().body["usages"]["VCPU"])


def _refused_for_now(answer: Answer) -> None:
    assert (answer.status, (answer.headers or {}).get("retry-after") in RETRY_AFTER) == (503, True), answer


@pytest.fixture(scope="module", params=chosen_kinds(SERVER_KINDS))
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Troubled, Claiming]]:
    """Yield a server that serves with its own role, and a client, on a database server of the test."""
    require_database(request.param)
    folder = tmp_path_factory.mktemp("troubles")
    with (
        troubled(request.param) as at,
        server_group(at.serving, folder, 1, migrate=False) as servers,
        Client(servers) as client,
    ):
        assert TOO_MUCH not in servers[0].log.read_text(), "the rights that `berth db grant` gives are enough"
        yield at, Claiming(client, make_provider(client, {"VCPU": 1000}))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TROUBLES)
def test_trouble(served: tuple[Troubled, Claiming], name: str) -> None:
    _in_trouble(*served, TROUBLES[name])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("served", chosen_kinds(["postgresql"]), indirect=True)
def test_a_standby(served: tuple[Troubled, Claiming], caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is answered from it, for it may be behind: unless the URL says so, and then that is said."""

    @contextmanager
    def read_on_purpose(at: Troubled) -> Iterator[None]:
        with replaced_by_standby(at):
            with open_ledger(at.serving + at.database.any_server) as ledger:
                assert ledger.head() > 0
                assert ["standby" in sentence for sentence in grants.advice(ledger._writer.database)] == [True]
            assert "a standby" in caplog.text
            yield

    _in_trouble(*served, Trouble(read_on_purpose, reads=False))


def _in_trouble(at: Troubled, claiming: Claiming, trouble: Trouble) -> None:
    before = claiming.claimed()
    with trouble.begun(at):
        for way in claiming.ways.values():
            began = time.monotonic()
            _refused_for_now(way())
            assert time.monotonic() - began < SLOWEST_S
        if trouble.reads:
            assert claiming.used().body["usages"] == {"VCPU": before}
        else:
            _refused_for_now(claiming.used())
    assert claiming.claimed() == before + len(claiming.ways)
    for words in (("db", "verify"), ("audit", "verify")):
        run_berth(*words, "--database", at.url)


@pytest.mark.timeout(600)
def test_a_database_that_restarts_while_nobody_asks(served: tuple[Troubled, Claiming]) -> None:
    """Connections that were lost meanwhile are no reason to refuse anything."""
    at, claiming = served
    before = claiming.claimed()
    at.database.kill()
    at.database.start()
    for way in claiming.ways.values():
        assert 200 <= way().status < 300
    assert claiming.used().body["usages"] == {"VCPU": before + len(claiming.ways)}


def test_a_server_that_may_do_more_says_so(served: tuple[Troubled, Claiming], tmp_path: Path) -> None:
    with server_group(served[0].url, tmp_path, 1, migrate=False) as servers:
        assert TOO_MUCH in servers[0].log.read_text()


def _logs(server: Server, words: str) -> None:
    """Wait for lines of the log, which a separate thread writes."""
    until = time.monotonic() + SLOWEST_S
    while words not in server.log.read_text():
        assert time.monotonic() < until, server.log.read_text()
        time.sleep(0.05)


@pytest.mark.skipif("sqlite" not in chosen_kinds(), reason="another database was chosen")
def test_a_full_disk(tmp_path: Path) -> None:
    file = tmp_path / "berth.db"
    with server_group(f"sqlite:///{file}", tmp_path, 1) as servers, Client(servers) as client:
        claiming = Claiming(client, make_provider(client, {"VCPU": 1000}))
        before = claiming.claimed()
        with full_disk(servers[0], file):
            for way in claiming.ways.values():
                _refused_for_now(way())
            assert claiming.used().body["usages"] == {"VCPU": before}
        assert claiming.claimed() == before + len(claiming.ways)
        _logs(servers[0], "is full")
    for words in (("db", "verify"), ("audit", "verify")):
        run_berth(*words, "--database", f"sqlite:///{file}")
