"""A player of a document's blocks, like a reader who types them one after the other in an empty folder."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.commands import berth_command
from tests.support.document_blocks import ROOT, Block
from tests.support.ports import free_port

PORT_IN_DOCUMENTS = "8778"
PATIENCE_S = 120
"""How long one block may take. The machine may be busy with other things."""

_ENDED = re.compile(rb"\n<(\d+) ended>\n")
_BEFORE = """
ready() {
  for _ in $(seq 600); do
    [ "$(grep -c '^berth: ready' "$READER_OUTPUT")" -gt "$1" ] && return
    sleep 0.1
  done
  echo "the server did not say that it is ready"
  return 1
}
"""


class Reader:
    """One reader: a shell, a Python namespace, a folder, and a port instead of the one that documents name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self._read = 0
        self._output = folder.with_name(f"{folder.name}.output")
        self._sink = self._output.open("wb")
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=self._sink,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._shell_run(_BEFORE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whatever the document started and did not end is in the shell's session and process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.communicate()
        self._sink.close()

    def play(self, block: Block) -> tuple[int, str]:
        """Run a block; returns its status and what it printed."""
        if block.language == "python":
            return 0, self._execute(block)
        lines, is_left_running = [], False
        for line in self._here(block.text).splitlines():
            lines.append(line)
            if line.startswith(("berth serve", "berth demo")) and line.endswith("&"):
                lines[-1] = f"{line[:-1]} --port {self.port} &"
                is_left_running = "kill " not in block.text
        if is_left_running:  # a reader goes on when the server has said so; within a block nothing waits
            lines.append(f"ready {self._output.read_text(errors='replace').count('berth: ready')}")
        return self._shell_run("\n".join(lines))

    def shown(self, printed: str) -> str:
        """Return what was printed, with the documents' port again."""
        return printed.replace(str(self.port), PORT_IN_DOCUMENTS)

    def _here(self, text: str) -> str:
        return text.replace(PORT_IN_DOCUMENTS, str(self.port))

    def _execute(self, block: Block) -> str:
        printed = io.StringIO()
        code = compile("\n" * (block.line - 1) + self._here(block.text), "document", "exec")
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(printed):
            exec(code, self.names)
        return printed.getvalue()

    def _shell_run(self, text: str) -> tuple[int, str]:
        """Let the shell run this, with nothing to read; returns the last command's status and all output."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{{\n{text}\n}} </dev/null\nprintf '\\n<%s ended>\\n' $?\n")
        self._shell.stdin.flush()
        so_far = b""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self._shell.poll() is None:
            so_far = self._output.read_bytes()[self._read :]
            ended = _ENDED.search(so_far)
            if ended is not None:
                self._read += ended.end()
                return int(ended[1]), so_far[: ended.start()].decode(errors="replace")
            time.sleep(0.02)
        raise AssertionError(
            f"no end within {PATIENCE_S} s, or the shell ended:\n{text}\n{so_far.decode(errors='replace')}"
        )

    def _environment(self) -> dict[str, str]:
        """Return the tests' environment, with `berth` and `python3` on the PATH and without settings of Berth."""
        tools = self.folder.with_name(f"{self.folder.name}.tools")
        tools.mkdir()
        for name, command in (("berth", berth_command()), ("python3", [sys.executable])):
            (tools / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
            (tools / name).chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
        return {
            **kept,
            "PATH": f"{tools}:{kept['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "READER_OUTPUT": str(self._output),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
        }
