"""Sources: a machine's files and tools, read without failing; what cannot be read is noted and skipped."""

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
"""How long a tool may take. A broken driver can make its tool hang, even so that SIGKILL does not end it."""

KILL_TIMEOUT_S: Final = 1.0
"""How long a killed tool may take to end before it is abandoned."""


def filesystem_bytes(path: Path) -> int:
    """Return the size of the filesystem that contains a path. Raises OSError."""
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize


@dataclass(frozen=True, slots=True)
class MachineSource:
    """The source that a machine is read from.

    root: the folder used as `/`; tools: the PATH for its tools (None: that of the process); capacity: returns
    the size in bytes of the filesystem at a path; notes: those of the last reading.
    """

    root: Path = Path("/")
    tools: str | None = None
    capacity: Callable[[Path], int] = filesystem_bytes
    tool_timeout_s: float = TOOL_TIMEOUT_S
    notes: list[Note] = field(default_factory=list)

    def note(self, what: str, why: str, *, hides: bool = False) -> None:
        """Add a note about this reading; see Note."""
        parts = Note(what, why, hides)
        if parts not in self.notes:
            self.notes.append(parts)

    def text(self, path: str) -> str | None:
        """Return a file's text, stripped; None if it does not exist or (noted) cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.unreadable(path, error)
            return None

    def number(self, path: str) -> int | None:
        """Return the integer in a file (decimal, or hexadecimal with 0x); None if there is none."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return int(text, 0)
        except ValueError:
            self.note(f"/{path}", f"{text[:40]!r} is not a number: skipped", hides=True)
            return None

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; none if it does not exist or (noted) cannot be read."""
        try:
            return sorted(entry.name for entry in (self.root / path).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.unreadable(path, error)
            return []

    def has(self, path: str) -> bool:
        """Whether a path exists, even as a dangling link."""
        return os.path.lexists(self.root / path)

    def link(self, path: str) -> str | None:
        """Return the target of a symbolic link; None if it is not one or cannot be read."""
        try:
            return str((self.root / path).readlink())
        except OSError:
            return None

    def size_bytes(self, mountpoint: str) -> int | None:
        """Return the size of the filesystem mounted at a path; None (noted) if it cannot be determined."""
        try:
            return self.capacity(self.root / mountpoint.lstrip("/"))
        except (OSError, ValueError) as error:
            self.unreadable(mountpoint.lstrip("/"), error)
            return None

    def unreadable(self, path: str, error: OSError | ValueError) -> None:
        """Note that a path exists but cannot be read."""
        why = getattr(error, "strerror", None) or error
        self.note(f"/{path}", f"cannot be read ({why}): skipped", hides=True)

    def tool(self, name: str) -> str | None:
        """Return the path of a tool; None if this machine does not have it."""
        return shutil.which(name, path=self.tools)

    def run(self, command: list[str]) -> str | None:
        """Return the output of a tool, within tool_timeout_s; None if it fails, or (noted) hangs or cannot start."""
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
        except OSError as error:
            self.note(command[0], f"cannot be started ({error.strerror or error})", hides=True)
            return None
        try:
            printed, _ = process.communicate(timeout=self.tool_timeout_s)
        except subprocess.TimeoutExpired:
            self.note(command[0], f"did not answer within {self.tool_timeout_s:g} s: skipped", hides=True)
            abandon(process)
            return None
        return printed if process.returncode == 0 else None


def abandon(process: subprocess.Popen[str]) -> None:
    """Kill a hanging tool and its children, without waiting for processes that do not end even then."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=KILL_TIMEOUT_S)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        if process.stdout is not None:
            process.stdout.close()
        # The process hangs in the kernel, perhaps for hours. Mark it as ended, so that Python does not warn of a leak.
        process.returncode = -signal.SIGKILL
