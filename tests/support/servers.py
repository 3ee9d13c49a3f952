"""Servers that tests start: one process with its workers, or several on one database."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx

from tests.budget import count
from tests.support.commands import berth_command, popen, run_berth
from tests.support.deadline import until
from tests.support.ports import free_port

START_S = 120
STOP_S = 60
TIMEOUT_S = 60
TOKEN_NAME = "torturer"
"""The name of the token of `token_server_group`, as the audit log has it."""


class NotStarted(AssertionError):
    """The server ended, or did not answer in time."""


class Server:
    """One server process with its workers, on a port of its own. It can be killed, and started again.

    Args:
        command: its whole command line.
        port: the one that the command line, or a file of settings, names.
        log: the file for both of its outputs.
        cwd: the folder that it runs in.
        environment: variables added to those of the tests.
        token: authenticates a client. Unless the server has tokens, it believes any.
        ready_path: answered with 200 when the server is ready.
        forked: see `popen`.
    """

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        log: Path,
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        token: str = "admin",
        ready_path: str = "/",
        forked: bool = True,
    ) -> None:
        self.port, self.log, self.folder, self.token = port, log, cwd or log.parent, token
        self.url = f"http://127.0.0.1:{port}"
        self.status: int | None = None
        self._command, self._cwd, self._environment = [*command], cwd, environment or {}
        self._ready_path, self._forked = ready_path, forked
        self._process: subprocess.Popen[bytes] | None = None
        self._last_output: str | None = None

    # --- Its life ---

    def start(self) -> None:
        """Start the process; `wait` for its first answer."""
        count("servers")
        self._last_output = None
        with self.log.open("ab") as output:
            self._process = popen(
                self._command,
                forked=self._forked,
                cwd=self._cwd,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self, ready: Callable[[], bool] | None = None) -> None:
        """Wait until the server answers, or until `ready`. Raises NotStarted with its output."""
        deadline = time.monotonic() + START_S
        while not (ready or self.answers)():
            if self.has_ended or time.monotonic() > deadline:
                raise NotStarted(f"{self._command}: {self.output[-2000:]}")
            time.sleep(0.03)

    def revive(self) -> None:
        """Wait until the server answers, and start it again if it was killed as a whole."""
        deadline = time.monotonic() + START_S
        while not self.answers():
            assert time.monotonic() < deadline, f"no answer on {self.port}: {self.output[-2000:]}"
            if self._process is None or self.has_ended:
                self.start()
            time.sleep(0.05)

    def stop(self) -> int:
        """End the server as an operator does, kill what is left of its processes, and return its exit status."""
        process = self.process
        process.terminate()
        try:
            self.status = process.wait(STOP_S)
        finally:
            self.kill()
            self._last_output = self._read_log()
        return self.status

    def signal(self, number: int) -> None:
        """Send a signal to all its processes at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """Kill all its processes (SIGKILL)."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_S)

    def kill_worker(self) -> bool:
        """Kill one worker, which the main process starts again. Return whether there was one."""
        for child in random.sample(workers := self.workers(), len(workers)):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                return True
        return False

    # --- Its processes ---

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The main process."""
        assert self._process is not None, "the server has not been started"
        return self._process

    @property
    def pid(self) -> int:
        """The id of the main process."""
        return self.process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the main process has ended."""
        return self._process is not None and self._process.poll() is not None

    def workers(self) -> list[int]:
        """Return the ids of the processes that the main one has started."""
        return children(self.pid)

    # --- Its answers ---

    def answers(self) -> bool:
        """Whether the server is ready."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self._ready_path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def listens(self) -> bool:
        """Whether something accepts connections on the port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request on a connection of its own."""
        # Without `verify`: there is no certificate, and reading all authorities takes long.
        return httpx.request(method, f"{self.url}{path}", timeout=TIMEOUT_S, verify=False, **more)

    # --- Its log ---

    @property
    def output(self) -> str:
        """Everything that it wrote so far, on both of its outputs. Still there after `stop`, without the file."""
        return self._read_log() if self._last_output is None else self._last_output

    def _read_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="surrogateescape") if self.log.exists() else ""

    def lines(self) -> list[dict[str, Any]]:
        """Return each record of a JSON log, without the lines for people who have just started the server."""
        complete = self.output.rpartition("\n")[0]  # the last line may be half written
        return [json.loads(line) for line in complete.splitlines() if not line.startswith("berth: ")]

    def line(self, **fields: object) -> dict[str, Any]:
        """Wait for the one record that has these fields, and return it."""

        def matching() -> list[dict[str, Any]]:
            return [each for each in self.lines() if fields.items() <= each.items()]

        until(lambda: bool(matching()), f"no line with {fields}:\n{self.output}")
        (line,) = matching()
        return line


def children(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return sorted(found)


def lives(pid: int) -> bool:
    """Whether a process is running."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


# --- One server ---


@contextmanager
def running(command: Sequence[str], folder: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run ``command --port PORT`` until the block ends; its log is in the folder. Raises NotStarted."""
    port = free_port()
    server = Server([*command, "--port", str(port)], port, folder / "server.log", environment=environment)
    with _stopped_at_the_end(server):
        server.wait()
        yield server


@contextmanager
def configured_server(folder: Path, settings: str, *options: str, forked: bool = True) -> Iterator[int]:
    """Run a server with these settings (TOML) until the block ends, and yield its port. Raises NotStarted.

    forked: see `popen`.
    """
    port = free_port()
    (folder / "berth.toml").write_text(f'port = {port}\ndatabase = "sqlite:///{folder}/ledger.db"\n{settings}')
    server = Server([*berth_command(), "serve", *options], port, folder / "log", cwd=folder, forked=forked)
    with _stopped_at_the_end(server):
        # It may serve TLS only. While it checks whether it could listen it already accepts connections.
        server.wait(lambda: "berth: serving " in server.output and server.listens())
        yield port


@contextmanager
def observed_server(
    folder: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (),
    forked: bool = True,
) -> Iterator[Server]:
    """Run a server in a folder until the block ends; berth.toml there has its settings. Raises NotStarted.

    command: for `berth`, if another than usual; forked: see `popen`.
    """
    port = free_port()
    words = [*(command or berth_command()), "serve", "--port", str(port), *options]
    log = folder / "log"
    server = Server(words, port, log, cwd=folder, environment=environment, ready_path="/healthz", forked=forked)
    with _stopped_at_the_end(server):
        server.wait()
        yield server


@contextmanager
def _stopped_at_the_end(server: Server) -> Iterator[None]:
    server.log.unlink(missing_ok=True)
    server.start()
    try:
        yield
    finally:
        server.stop()


# --- Several servers ---


def server_on(database: str, folder: Path, *options: str, token: str = "admin", forked: bool = True) -> Server:
    """Return a server on a database, not yet started. forked: see `popen`."""
    port = free_port()
    command = [*berth_command(), "serve", "--database", database, "--port", str(port), *options]
    return Server(command, port, folder / f"server-{port}.log", token=token, forked=forked)


@contextmanager
def server_group(
    database: str, folder: Path, count: int, *options: str, token: str = "admin", migrate: bool = True
) -> Iterator[list[Server]]:
    """Run this many servers on one database, and kill them when the block ends. migrate: the database, first."""
    if migrate and not database.startswith("sqlite:"):
        run_berth("db", "upgrade", "--database", database)
    with ExitStack() as stack:
        servers = [server_on(database, folder, *options, token=token) for _ in range(count)]
        for server in servers:
            stack.callback(server.kill)
            server.start()
            if server is servers[0]:
                server.wait()  # it creates an SQLite file, which the others then find
        for server in servers:
            server.wait()
        yield servers


@contextmanager
def token_server_group(database: str, folder: Path, count: int, *options: str) -> Iterator[list[Server]]:
    """Run a `server_group` that authenticates by API tokens; `Server.token` is one."""
    token, options = _tokens(database, folder, options)
    with server_group(database, folder, count, *options, token=token) as servers:
        yield servers


@contextmanager
def token_servers_on(databases: Sequence[str], folder: Path, *options: str) -> Iterator[list[Server]]:
    """Run a server on each of these addresses of one database, as `token_server_group` does."""
    token, options = _tokens(databases[0], folder, options)
    with ExitStack() as stack:
        servers = [server_on(database, folder, *options, token=token) for database in databases]
        for server in servers:
            stack.callback(server.kill)
            server.start()
        for server in servers:
            server.wait()
        yield servers


def _tokens(database: str, folder: Path, options: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Migrate a database and create a token in it; return that, and the options of servers that know it."""
    secret = folder / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes(os.urandom(32))
    run_berth("db", "upgrade", "--database", database)
    made = "--name", TOKEN_NAME, "--role", "admin", "--secret-file", str(secret), "--database", database
    token = run_berth("token", "create", *made).stdout.strip()
    return token, (*options, "--auth", "token", "--secret-file", str(secret))
