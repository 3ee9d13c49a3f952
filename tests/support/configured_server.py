"""A real server with settings of its own."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.budget import count

COMMAND = shlex.split(os.environ.get("BERTH_COMMAND", "")) or [sys.executable, "-m", "berth"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, settings: str, *options: str) -> Iterator[int]:
    """A server with these settings (TOML), until the end; gives its port."""
    count("servers")
    port = free_port()
    (folder / "berth.toml").write_text(f'port = {port}\ndatabase = "sqlite:///{folder}/ledger.db"\n{settings}')
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*COMMAND, "serve", *options], cwd=folder, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        if "berth: serving " in log.read_text() and _listens(port):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def _listens(port: int) -> bool:
    """Whether anybody does: also a server that only looks whether it could, before it says that it serves."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def berth(folder: Path, *words: str) -> str:
    """What a command prints."""
    done = subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
