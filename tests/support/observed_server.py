"""A real server, and everything that it says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.http_client import PATIENCE_S, until
from tests.support.server_processes import berth_words, free_port


class Observed:
    """One `berth serve` in a folder of its own. said: what it wrote so far, on both of its outputs."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.port, self.process = folder, port, process
        self.url = f"http://127.0.0.1:{port}"

    @property
    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="surrogateescape")

    def lines(self) -> list[dict[str, Any]]:
        """Each line of the log but the one for people who have just started it."""
        whole = self.said.rpartition("\n")[0]  # the last one may be half written
        return [json.loads(line) for line in whole.splitlines() if not line.startswith("berth: serving ")]

    def line(self, **fields: object) -> dict[str, Any]:
        """The one line with these fields, once it is there."""

        def found() -> list[dict[str, Any]]:
            return [each for each in self.lines() if fields.items() <= each.items()]

        until(lambda: bool(found()), f"no line with {fields}:\n{self.said}")
        (line,) = found()
        return line

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        # Not verifying, for there is nothing to verify and reading all authorities for each request takes long.
        return httpx.request(method, f"{self.url}{path}", timeout=PATIENCE_S, verify=False, **more)

    def workers(self) -> list[int]:
        """The ids of its processes but the first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(each) for each in children.split()]

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


@contextmanager
def observed(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None, words: Sequence[str] = ()
) -> Iterator[Observed]:
    """A server with these options; its settings are in folder/berth.toml, if there is one.

    words: the command line that stands for `berth`, if another than usual.
    """
    port = free_port()
    command = [*(words or berth_words()), "serve", "--port", str(port), *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
        )
    server = Observed(folder, port, process)
    try:
        until(lambda: process.poll() is not None or _answers(server), "it does not answer")
        assert process.poll() is None, server.said
        yield server
    finally:
        server.end()


def _answers(server: Observed) -> bool:
    try:
        return server.ask("GET", "/healthz").status_code == 200
    except httpx.TransportError:
        return False
