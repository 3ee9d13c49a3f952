"""Processes of a server are killed, replaced and sent signals: it serves on, or ends as it should."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.commands import berth_command
from tests.support.deadline import until
from tests.support.servers import Server, lives, observed_server, running, server_on

READY = ("--database", "sqlite:///ledger.db", "--auth", "dev", "--log-format", "json")

ADMIN = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39"}

BURST = "import os, sys; [os.kill(int(sys.argv[1]), number) for _ in range(1000) for number in (15, 2)]"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with observed_server(tmp_path_factory.mktemp("processes"), *READY, "--workers", "2") as server:
        yield server
        assert server.stop() == 0
        assert "Traceback" not in server.output


def replaced(server: Server, before: list[int]) -> list[int]:
    """Wait until two workers run that were not there before, and return them."""
    until(lambda: len(server.workers()) == 2 and not {*before} & {*server.workers()}, server.output)
    return server.workers()


# --- A worker that dies ---


def test_workers_that_are_killed_young_are_started_again(server: Server) -> None:
    for _ in range(3):
        before = server.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        replaced(server, before)
    until(server.answers, server.output)
    assert not server.has_ended


def test_workers_that_are_killed_in_a_reload_are_started_again(server: Server) -> None:
    until(server.answers, server.output)
    before = server.workers()
    killed = {*before}
    os.kill(server.pid, signal.SIGHUP)
    for _ in range(3):
        until(lambda: bool({*server.workers()} - killed), server.output)
        for worker in {*server.workers()} - killed:
            with suppress(ProcessLookupError):  # it was replaced meanwhile
                os.kill(worker, signal.SIGKILL)
            killed.add(worker)
    replaced(server, before)
    until(server.answers, server.output)
    assert not server.has_ended


def test_a_worker_that_cannot_start_any_more(tmp_path: Path) -> None:
    """A reload leaves the workers that are there; if one has to be replaced, the server ends and says why."""
    (tmp_path / "policy.toml").write_text('extends = "default"\n')
    with observed_server(tmp_path, *READY, "--policy-file", "policy.toml") as server:
        before = server.workers()
        (tmp_path / "policy.toml").write_text("what is this?")
        os.kill(server.pid, signal.SIGHUP)
        server.line(event="worker 1 cannot start after the reload: the old processes keep running")
        assert server.answers()
        assert server.workers() == before
        os.kill(before[0], signal.SIGKILL)
        assert server.process.wait(60) == 2
        assert "worker 1 cannot start: the log says why" in server.output
        assert "policy.toml" in server.output


# --- A reload ---


def test_a_reload_loses_no_request(server: Server) -> None:
    until(server.answers, server.output)
    before, done = server.workers(), threading.Event()
    statuses, failures = list[int](), list[httpx.TransportError]()

    def ask() -> None:
        while not done.is_set():
            try:
                statuses.append(server.ask("GET", "/resource_providers", headers=ADMIN).status_code)
            except httpx.TransportError as error:
                failures.append(error)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    os.kill(server.pid, signal.SIGHUP)
    replaced(server, before)
    done.set()
    for client in clients:
        client.join()
    assert {*statuses} == {200}
    # Each of the two that left may close a connection of each client that has not sent anything yet (RFC 9112, 9.5).
    assert len(failures) <= 2 * len(clients), failures


# --- The main process is killed ---


def test_workers_end_with_a_main_process_that_was_killed(tmp_path: Path) -> None:
    """The request under way is answered first; then another server has the port. Nothing is left behind."""
    words = [*berth_command(), "serve", "--database", f"sqlite:///{tmp_path}/ledger.db", "--workers", "2"]
    with running(words, tmp_path, environment={"TMPDIR": str(tmp_path)}) as server:
        workers, answers = server.workers(), list[int]()
        with sqlite3.connect(tmp_path / "ledger.db", isolation_level=None) as holder:
            holder.execute("BEGIN IMMEDIATE")
            put = threading.Thread(target=lambda: answers.append(put_trait(server)))
            put.start()
            time.sleep(1)  # until the request is under way, also on a busy machine
            server.process.kill()
            server.process.wait(60)
            time.sleep(0.3)
            holder.execute("ROLLBACK")
        put.join()
        assert answers == [201]
        until(lambda: not any(map(lives, workers)), limit_s=30)
        assert not [*tmp_path.glob("berth-*")]
        server.start()
        server.wait()


def put_trait(server: Server) -> int:
    return server.ask("PUT", "/traits/CUSTOM_SLOW", headers=ADMIN).status_code


# --- Signals ---


def burst(server: Server, *, everywhere: bool = False) -> list[subprocess.Popen[bytes]]:
    """Send 2,000 signals to the main process, and to its workers as well if so asked, as quickly as can be."""
    targets = [server.pid, *(server.workers() if everywhere else ())]
    return [
        subprocess.Popen([sys.executable, "-c", BURST, str(target)], stderr=subprocess.DEVNULL) for target in targets
    ]


@pytest.mark.parametrize("moment", ["serving", "everywhere", "reload", "end"])
def test_however_many_signals_come_the_server_ends(moment: str, tmp_path: Path) -> None:
    words = [*berth_command(), "serve", "--database", f"sqlite:///{tmp_path}/ledger.db", "--workers", "2"]
    with running(words, tmp_path) as server:
        workers = server.workers()
        if moment == "reload":
            os.kill(server.pid, signal.SIGHUP)
            time.sleep(0.1)
        if moment == "end":
            os.kill(server.pid, signal.SIGTERM)
        senders = burst(server, everywhere=moment == "everywhere")
        assert server.process.wait(60) == 0
        assert not any(map(lives, workers))
        for sender in senders:
            sender.wait(60)
        assert "Traceback" not in server.output


@pytest.mark.parametrize("after_s", [0.1, 0.6, 0.9])
def test_however_many_signals_come_while_it_starts(after_s: float, tmp_path: Path) -> None:
    """Until it serves, one ends it as it ends any program."""
    server = server_on(f"sqlite:///{tmp_path}/ledger.db", tmp_path, "--workers", "2", forked=False)
    server.start()
    time.sleep(after_s)
    for sender in burst(server):
        sender.wait(60)
    assert server.process.wait(60) in (0, 1, 130, -signal.SIGTERM, -signal.SIGINT)
    assert not server.listens()
