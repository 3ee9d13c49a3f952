"""The spinner appears on a terminal when a command takes long, and nowhere else."""

from __future__ import annotations

import io
import os
import pty
import select
import socket
import subprocess
import time
from pathlib import Path

from rich.console import Console

from berth.cli.output.spinner import Spinner
from tests.support.commands import berth_command


def screen() -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=True, width=60), written


def test_it_appears_and_is_cleared() -> None:
    console, written = screen()
    waiting = Spinner("adding up", lambda: console, delay_s=0)
    deadline = time.monotonic() + 10
    while "adding up ..." not in written.getvalue() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "adding up ..." in written.getvalue()
    waiting.end()
    waiting.end()
    assert written.getvalue().rstrip().endswith("\x1b[2K")


def test_it_does_not_appear_for_quick_work() -> None:
    console, written = screen()
    Spinner("adding up", lambda: console, delay_s=60).end()
    assert written.getvalue() == ""


def test_a_command_that_waits_for_a_server(tmp_path: Path) -> None:
    """The server accepts connections and never answers."""
    main, other = pty.openpty()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = {"BERTH_TOKEN": "x", "PATH": os.environ["PATH"], "TERM": "xterm"}
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = subprocess.Popen([*berth_command(), "usage", "--url", url], stderr=other, env=env, cwd=tmp_path)
        os.close(other)
        said = b""
        try:
            while f"asking {url} ...".encode() not in said:
                ready, _, _ = select.select([main], [], [], 30)
                assert ready, said
                said += os.read(main, 65536)
        finally:
            command.kill()
            command.wait()
            os.close(main)
