"""Starts a fresh server on an empty database, and ends it."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.budget import count
from tests.support.databases import ledger_database

START_LIMIT_S = 60
STOP_LIMIT_S = 60
PLACEMENT = Path(__file__).with_name("placement_server.py")
CORS_ORIGIN = "http://valid.example.com"
"""The origin that ``cors.yaml`` comes from."""


class NotStarted(Exception):
    """The server ended, or did not answer in time."""


@dataclass(slots=True)
class Server:
    """A running server.  ``status`` and ``output`` are there once it has ended."""

    port: int
    status: int | None = None
    output: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def berth_words() -> list[str]:
    """The command line that stands for ``berth``."""
    return shlex.split(os.environ.get("BERTH_COMMAND", "")) or [str(Path(sys.executable).with_name("berth"))]


def server_kind() -> str:
    """``berth`` or ``peer``."""
    return os.environ.get("CONFORMANCE_SERVER", "berth")


@contextmanager
def fresh(profile: str, kind: str, *more: str, database: str = "sqlite") -> Iterator[Server]:
    """A server in ``profile``, with nothing in it, for the time of the block.

    Args:
        profile: one of the profiles in `fleets.FIXTURES`.
        kind: ``berth`` or ``peer``.
        more: further words of the server's command line.
        database: the kind of database that Berth is run on.

    Raises:
        NotStarted: it did not; the message has what it said.
    """
    with TemporaryDirectory(prefix="conformance-") as folder:
        if kind == "peer":
            command = [sys.executable, str(PLACEMENT), "--profile", profile, "--folder", folder]
            with running([*command, *more], Path(folder)) as server:
                yield server
        else:
            with ledger_database(database, Path(folder)) as url:
                command = [*berth_words(), "serve", "--host", "127.0.0.1", "--database", url, "--auth", "dev"]
                with running([*command, *berth_profile(profile), *more], Path(folder)) as server:
                    yield server


def options() -> list[str]:
    """Further words of the server's command line, from the surroundings."""
    return shlex.split(os.environ.get("CONFORMANCE_OPTIONS", ""))


def berth_profile(profile: str) -> list[str]:
    """How Berth is told a profile: CORS is an option, not a policy."""
    if profile == "cors":
        return ["--policy", "default", "--cors-origin", CORS_ORIGIN]
    return ["--policy", profile]


@contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[Server]:
    """Run ``command --port PORT`` with a free port until the block ends; it writes its output below ``folder``."""
    count("servers")
    server = Server(_free_port())
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(server.port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await(process, server, log)
        yield server
    finally:
        server.status = _end(process)
        server.output = log.read_text(errors="replace")


_OURS: list[socket.socket] = []


def _free_port() -> int:
    """One that no other process of these tests is about to use: each holds a name for its own until it ends."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0berth-test-port-{port}")
        except OSError:
            name.close()
        else:
            _OURS.append(name)
            return port


def _await(process: subprocess.Popen[bytes], server: Server, log: Path) -> None:
    """Wait until ``GET /`` says 200."""
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(server.port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"{process.args!r}: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.03)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> int:
    """Ask the server to end, see to it that nothing of its group is left, and return its exit status."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_LIMIT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
