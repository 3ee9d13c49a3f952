"""Reading a machine's files and tools without ever failing: what cannot be read is noted and skipped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from berth.discover.machine import Note

TOOL_TIMEOUT_S: Final = 5.0
"""How long a tool may take. A driver in trouble makes its tool hang, some of them so that not even SIGKILL ends it."""

KILL_TIMEOUT_S: Final = 1.0
"""How long a killed tool may take to end before it is left behind."""


def filesystem_bytes(path: Path) -> int:
    """The size of the filesystem that holds path; OSError if it cannot be told."""
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize


@dataclass(frozen=True, slots=True)
class MachineSource:
    """Where a machine is read from.

    root: the folder that stands for `/`; tools: where its tools are, as a PATH (None: the process's own);
    capacity: the size in bytes of the filesystem at a path; notes: what is to be said of the last reading.
    """

    root: Path = Path("/")
    tools: str | None = None
    capacity: Callable[[Path], int] = filesystem_bytes
    tool_timeout_s: float = TOOL_TIMEOUT_S
    notes: list[Note] = field(default_factory=list)

    def note(self, what: str, why: str, *, hides: bool = False) -> None:
        """Tell something about this reading; see Note."""
        said = Note(what, why, hides)
        if said not in self.notes:
            self.notes.append(said)

    def text(self, path: str) -> str | None:
        """A file's text without the space around it; None if there is no such file, or (noted) it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as trouble:
            self.unreadable(path, trouble)
            return None

    def number(self, path: str) -> int | None:
        """A file's one whole number (decimal, or hexadecimal with 0x); None if there is none."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return int(text, 0)
        except ValueError:
            self.note(f"/{path}", f"{text[:40]!r} is no number: skipped", hides=True)
            return None

    def names(self, path: str) -> list[str]:
        """What a folder has in it, sorted; nothing if there is no such folder, or (noted) it cannot be read."""
        try:
            return sorted(entry.name for entry in (self.root / path).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as trouble:
            self.unreadable(path, trouble)
            return []

    def has(self, path: str) -> bool:
        """Whether there is anything at path, be it a link to nowhere."""
        return os.path.lexists(self.root / path)

    def link(self, path: str) -> str | None:
        """Where a symbolic link points; None if it is none or cannot be read."""
        try:
            return str((self.root / path).readlink())
        except OSError:
            return None

    def size_bytes(self, mountpoint: str) -> int | None:
        """The size of the filesystem mounted there; None (noted) if it cannot be told."""
        try:
            return self.capacity(self.root / mountpoint.lstrip("/"))
        except (OSError, ValueError) as trouble:
            self.unreadable(mountpoint.lstrip("/"), trouble)
            return None

    def unreadable(self, path: str, trouble: OSError | ValueError) -> None:
        """Note that something is there but cannot be read."""
        why = getattr(trouble, "strerror", None) or trouble
        self.note(f"/{path}", f"cannot be read ({why}): skipped", hides=True)

    def tool(self, name: str) -> str | None:
        """Where a tool is; None if this machine does not have it."""
        return shutil.which(name, path=self.tools)

    def run(self, command: list[str]) -> str | None:
        """What a tool prints, at most tool_timeout_s later; None if it fails, or (noted) hangs or cannot start."""
        try:
            # The commands are ours, and the tool was looked up on the PATH.
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as trouble:
            self.note(command[0], f"cannot be started ({trouble.strerror or trouble})", hides=True)
            return None
        try:
            printed, _ = process.communicate(timeout=self.tool_timeout_s)
        except subprocess.TimeoutExpired:
            self.note(command[0], f"gave no answer in {self.tool_timeout_s:g} s: skipped", hides=True)
            abandon(process)
            return None
        return printed if process.returncode == 0 else None


def abandon(process: subprocess.Popen[str]) -> None:
    """Kill a hanging tool with all that it started, and do not wait for what even that does not end."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=KILL_TIMEOUT_S)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        if process.stdout is not None:
            process.stdout.close()
        # It sits in the kernel and may do so for hours. Nobody will wait for it, and it is nobody's leak.
        process.returncode = -signal.SIGKILL
