"""Starts and stops the pair of servers: the real Placement and Berth, each on a free port with a new database."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.suites.peer.wire import Client, Request
from tests.support.databases import ledger_database

PEER_PYTHON = "BERTH_TEST_PEER_PYTHON"
BERTH_COMMAND = "BERTH_TEST_PEER_COMMAND"
START_TIMEOUT_S = 60
STOP_LIMIT_S = 60
SAME_ORDER = {"PYTHONHASHSEED": "0"}
"""Placement goes through sets: what it gives first is the same whenever the same is asked for."""
HERE = Path(__file__).parent
LAUNCHER = HERE / "placement_server.py"


class NoPeer(Exception):
    """The real Placement cannot be imported by the interpreter that should serve it."""


def peer_python() -> str:
    """The interpreter for Placement: ``BERTH_TEST_PEER_PYTHON``, or this one.

    Raises:
        NoPeer: that interpreter has no openstack-placement.
    """
    python = os.environ.get(PEER_PYTHON, sys.executable)
    try:
        found = subprocess.run(
            [python, "-c", "import placement.wsgi"], capture_output=True, timeout=START_TIMEOUT_S, check=False
        )
    except OSError as failure:
        raise NoPeer(f"{PEER_PYTHON}={python}: {failure}") from failure
    if found.returncode:
        raise NoPeer(f"{python} has no openstack-placement; point {PEER_PYTHON} to an interpreter that has")
    return python


def tested_words(python: str) -> list[str]:
    """The texts that Placement's own tests look for in answers."""
    printed = subprocess.run(
        [python, str(LAUNCHER), "--words"], capture_output=True, timeout=START_TIMEOUT_S, check=True
    )
    words: list[str] = json.loads(printed.stdout)
    return words


@dataclass(frozen=True, slots=True)
class Pair:
    """The two servers, ready; ``resettable`` if Placement was started here and can be emptied at once."""

    placement: Client
    berth: Client
    resettable: bool

    def close(self) -> None:
        self.placement.close()
        self.berth.close()


@contextmanager
def pair(
    berth_url: str | None = None, placement_url: str | None = None, fault: str | None = None, database: str = "sqlite"
) -> Iterator[Pair]:
    """The two servers, started unless their addresses are given; ``database`` is the kind that Berth is run on.

    ``fault`` names a fault for a second Placement that takes Berth's part; ``"none"`` is a sound one.
    """
    with ExitStack() as stack:
        if placement_url is None:
            placement = stack.enter_context(_running(_placement_command))
        else:
            placement = placement_url
        if berth_url is not None:
            berth = berth_url
        elif fault is not None:
            berth = stack.enter_context(_running(_placement_command, () if fault == "none" else ("--fault", fault)))
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-peer-"))
            url = stack.enter_context(ledger_database(database, Path(folder)))
            berth = stack.enter_context(_running(partial(_berth_command, url)))
        both = Pair(Client(placement), Client(berth), resettable=placement_url is None)
        stack.callback(both.close)
        yield both


def _placement_command(port: int, directory: str) -> list[str]:
    return [peer_python(), str(LAUNCHER), "--port", str(port), "--dir", directory]


def _berth_command(database: str, port: int, _directory: str) -> list[str]:
    words = shlex.split(os.environ.get(BERTH_COMMAND, "")) or [sys.executable, "-m", "berth"]
    return [*words, "serve", "--host", "127.0.0.1", "--port", str(port), "--database", database, "--auth", "dev"]


@contextmanager
def _running(command: object, more: Sequence[str] = ()) -> Iterator[str]:
    """Run a server until the block ends; the address that it answers on.

    Raises:
        RuntimeError: it did not answer in time, with what it said.
    """
    assert callable(command)
    with tempfile.TemporaryDirectory(prefix="berth-peer-") as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        log = Path(directory, "output.log")
        with log.open("wb") as output:
            words = [*command(port, directory), *more]
            process = subprocess.Popen(
                words, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **SAME_ORDER}
            )
            try:
                _await(process, port, log)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                try:
                    process.wait(STOP_LIMIT_S)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until ``GET /`` answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    client = Client(f"http://127.0.0.1:{port}")
    while time.monotonic() < deadline and process.poll() is None:
        if client.send(Request("GET", "/")).fine:
            client.close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"no answer from {process.args!r}:\n{log.read_text()[-3000:]}")
