"""The pair of servers: the real Placement and Berth, each on a free port with a new database."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.suites.peer.wire import Client
from tests.support.databases import ledger_database
from tests.support.servers import running

PEER_PYTHON = "BERTH_TEST_PEER_PYTHON"
BERTH_COMMAND = "BERTH_TEST_PEER_COMMAND"
START_TIMEOUT_S = 60
SAME_ORDER = {"PYTHONHASHSEED": "0"}
"""Placement iterates over sets: with a fixed hash seed the same request gets the same reply."""
HERE = Path(__file__).parent
LAUNCHER = HERE / "placement_server.py"


class NoPeer(Exception):
    """The real Placement cannot be imported by the interpreter that should serve it."""


def peer_python() -> str:
    """Return the interpreter for Placement: ``BERTH_TEST_PEER_PYTHON``, or this one.

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
    """Return the texts that Placement's own tests look for in replies."""
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
    """Yield the two servers, started unless their addresses are given. ``database`` is the kind that Berth runs on.

    ``fault`` replaces Berth by a second Placement with that fault, or without any if it is ``"none"``.
    """
    with ExitStack() as stack:
        if placement_url is None:
            placement = stack.enter_context(_placement())
        else:
            placement = placement_url
        if berth_url is not None:
            berth = berth_url
        elif fault is not None:
            berth = stack.enter_context(_placement(fault))
        else:
            berth = stack.enter_context(_berth(database))
        both = Pair(Client(placement), Client(berth), resettable=placement_url is None)
        stack.callback(both.close)
        yield both


@contextmanager
def _placement(fault: str = "none") -> Iterator[str]:
    """Run Placement until the block ends, and yield its address. Raises NotStarted."""
    with tempfile.TemporaryDirectory(prefix="berth-peer-") as folder:
        faulty = () if fault == "none" else ("--fault", fault)
        command = [peer_python(), str(LAUNCHER), "--dir", folder, *faulty]
        with running(command, Path(folder), environment=SAME_ORDER) as server:
            yield server.url


@contextmanager
def _berth(database: str) -> Iterator[str]:
    """Run Berth on an empty ledger until the block ends, and yield its address. Raises NotStarted."""
    words = shlex.split(os.environ.get(BERTH_COMMAND, "")) or [sys.executable, "-m", "berth"]
    with (
        tempfile.TemporaryDirectory(prefix="berth-peer-") as folder,
        ledger_database(database, Path(folder)) as url,
        running([*words, "serve", "--host", "127.0.0.1", "--database", url, "--auth", "dev"], Path(folder)) as server,
    ):
        yield server.url
