"""The servers that are measured, as processes of their own that end with the run, however the run ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.single import Caller
from bench.wire import Address, get

READY_S = 120.0
STOP_S = 15.0
CHILD = Path(__file__).with_name("child.py")


class NotStarted(Exception):
    """A server ended, or did not answer in time; its last words follow."""


@dataclass(slots=True)
class Server:
    """One running server and its process group."""

    address: Address
    process: subprocess.Popen[bytes]
    log: Path
    ready_s: float

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the whole group: SIGTERM, and SIGKILL for what is left."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.signal(number)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                continue
            break
        self.signal(signal.SIGKILL)

    def kill(self) -> None:
        """End the whole group at once, as a crash would."""
        self.signal(signal.SIGKILL)
        self.process.wait(STOP_S)

    @property
    def session(self) -> int:
        """The session that all its processes are in."""
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the group, if anything of it is left."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


def start(
    command: Sequence[str], address: Address, env: Mapping[str, str], log: Path, ready_s: float = READY_S
) -> Server:
    """Start a server and wait until it answers `GET /`. Raises NotStarted."""
    begun = time.perf_counter()
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-I", str(CHILD), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            start_new_session=True,
        )
    server = Server(address, process, log, 0.0)
    try:
        await_ready(server, begun + ready_s)
    except BaseException:
        server.stop()
        raise
    server.ready_s = time.perf_counter() - begun
    return server


def await_ready(server: Server, until: float) -> None:
    """Wait until the server answers. Raises NotStarted."""
    while time.perf_counter() < until:
        if server.process.poll() is not None:
            break
        try:
            with Caller(server.address, 5.0) as caller:
                if caller.call(get("/")).status < 300:
                    return
        except OSError:
            time.sleep(0.02)
    words = server.log.read_text(errors="replace")[-2000:]
    raise NotStarted(f"{server.process.args!r} did not answer on port {server.address.port}:\n{words}")


def free_address() -> Address:
    """A loopback port that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", door.getsockname()[1])
