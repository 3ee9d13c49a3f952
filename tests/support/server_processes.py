"""Server processes to torment."""

from __future__ import annotations

import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.budget import count

START_S = 60
ROOT = Path(__file__).parents[2]
NAME = "torturer"
"""Who the clients are, as the audit log has it."""


def berth_words() -> list[str]:
    """The command line that stands for ``berth``."""
    return shlex.split(os.environ.get("BERTH_COMMAND", "")) or [sys.executable, "-m", "berth"]


def berth(*words: str, status: int | None = 0, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command of Berth's to its end. status: what its exit status must be; None: anything."""
    done = subprocess.run(
        [*berth_words(), *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if status is not None and done.returncode != status:
        raise AssertionError(f"berth {' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


_GIVEN: set[int] = set()


def free_port() -> int:
    """A port that stays free while a killed server is away: below those that outgoing connections are given."""
    while True:
        port = random.randint(15_000, 32_000)
        if port in _GIVEN:  # the server that it is for may not have begun yet
            continue
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _GIVEN.add(port)
            return port


class Served:
    """One ``berth serve``, which can be killed, stopped and started again on the same port.

    token: what lets a client in. Unless one was made, the server believes whatever it is told.
    """

    def __init__(self, database: str, folder: Path, *more: str, token: str = "admin") -> None:
        self.port, self.token = free_port(), token
        self.log = folder / f"server-{self.port}.log"
        self._command = [*berth_words(), "serve", "--database", database, "--port", str(self.port), *more]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; `wait` for its first answer."""
        count("servers")
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + START_S
        while not self.answers():
            if time.monotonic() > deadline or (self._process is not None and self._process.poll() is not None):
                raise AssertionError(f"no answer on {self.port}: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def revive(self) -> None:
        """Until it answers; started again if it has ended, as whoever runs it does.

        A server whose worker dies twice within seconds takes it that it cannot serve, and ends.
        """
        deadline = time.monotonic() + START_S
        while not self.answers():
            assert time.monotonic() < deadline, f"no answer on {self.port}: {self.log.read_text()[-2000:]}"
            if self._process is None or self._process.poll() is not None:
                self.start()
            time.sleep(0.05)

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    @property
    def pid(self) -> int:
        """That of the parent of all its processes."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """To all its processes at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """kill -9, the workers as well."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(60)

    def kill_worker(self) -> bool:
        """kill -9 of one worker only, which its parent starts anew. False if none was there."""
        assert self._process is not None
        for child in random.sample(found := children(self._process.pid), len(found)):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                return True
        return False


def children(parent: int) -> list[int]:
    """The processes that this one has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return sorted(found)


@contextmanager
def serving(
    database: str, folder: Path, count: int, *more: str, token: str = "admin", own: bool = True
) -> Iterator[list[Served]]:
    """So many server processes on one database. own: whether it is theirs to migrate."""
    if own and not database.startswith("sqlite:"):
        berth("db", "upgrade", "--database", database)
    with ExitStack() as stack:
        servers = [Served(database, folder, *more, token=token) for _ in range(count)]
        for server in servers:
            stack.callback(server.kill)
            server.start()
            if server is servers[0]:
                server.wait()  # it makes an SQLite file, which the others then find
        for server in servers:
            server.wait()
        yield servers


@contextmanager
def guarded(database: str, folder: Path, count: int, *more: str) -> Iterator[list[Served]]:
    """The same, but they let in only who has a token of the ledger's."""
    secret = folder / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes(os.urandom(32))
    berth("db", "upgrade", "--database", database)
    made = "--name", NAME, "--role", "admin", "--secret-file", str(secret), "--database", database
    token = berth("token", "create", *made).stdout.strip()
    with serving(database, folder, count, *more, "--auth", "token", "--secret-file", str(secret), token=token) as ready:
        yield ready
