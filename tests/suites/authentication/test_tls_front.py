"""The TLS front is a process of its own, which is started again, and ends with the main process."""

from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from tests.suites.authentication.test_tls import MTLS, client, prepare
from tests.support.commands import berth_command
from tests.support.deadline import until
from tests.support.ports import free_port
from tests.support.servers import Server, lives

pytestmark = pytest.mark.filterwarnings(  # httpx, if the front goes in the middle of a handshake
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

LISTENING = "0A"


@pytest.fixture
def context() -> ssl.SSLContext:
    return client(AUTHORITY, "ci")


AUTHORITY = trustme.CA()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    prepare(tmp_path, AUTHORITY)
    port = free_port()
    (tmp_path / "berth.toml").write_text(f'port = {port}\ndatabase = "sqlite:///{tmp_path}/ledger.db"\n{MTLS}')
    server = Server(
        [*berth_command(), "serve"], port, tmp_path / "log", cwd=tmp_path, environment={"TMPDIR": str(tmp_path)}
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()


def status(server: Server, context: ssl.SSLContext) -> int:
    try:
        return httpx.get(f"https://127.0.0.1:{server.port}/v1/me", verify=context, timeout=10).status_code
    except httpx.TransportError:
        return 0


def listens_on(pid: int, port: int) -> bool:
    """Whether a process has a listening socket with this port open."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in table if row[1].endswith(f":{port:04X}") and row[3] == LISTENING}
    return bool(sockets & {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()})


def front_and_worker(server: Server) -> tuple[int, int]:
    until(lambda: len(server.workers()) == 2, server.output)
    first, second = server.workers()
    return (first, second) if listens_on(first, server.port) else (second, first)


def test_the_front_alone_listens_and_is_started_again(server: Server, context: ssl.SSLContext) -> None:
    until(lambda: status(server, context) == 200, server.output)
    front, worker = front_and_worker(server)
    assert [listens_on(pid, server.port) for pid in (server.pid, front, worker)] == [False, True, False]
    assert b"tls_proxy" in Path(f"/proc/{front}/cmdline").read_bytes()  # a program of its own, not a fork
    for _ in range(2):
        os.kill(front, signal.SIGKILL)
        until(lambda: status(server, context) == 200, server.output)
        assert "the TLS proxy (process" in server.output
        again, same = front_and_worker(server)
        assert (again != front, same) == (True, worker)
        front = again
    os.killpg(server.pid, signal.SIGTERM)  # all of them, as some supervisors do
    assert server.process.wait(60) == 0
    assert "Traceback" not in server.output


def test_all_end_with_a_main_process_that_was_killed(server: Server, context: ssl.SSLContext) -> None:
    until(lambda: status(server, context) == 200, server.output)
    processes = front_and_worker(server)
    server.process.kill()
    server.process.wait(60)
    until(lambda: not any(map(lives, processes)), limit_s=30)
    assert not [*server.folder.glob("berth-*")]
    server.start()
    until(lambda: status(server, context) == 200, server.output)
