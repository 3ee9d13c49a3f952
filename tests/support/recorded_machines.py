"""Recorded machines: a text file that stands for the files of /proc, /sys, /etc and /dev, and its unpacking.

A line is one of

    path = text          a file with one line
    path:                a file with the lines below that are indented by four spaces
    path * 0-3:          the same once for each number, {n} replaced, one after the other in the file
    path -> target       a symbolic link
    path/                an empty folder
    path !               an executable file (with the indented lines below)
    # text               a comment

`sizes` is not unpacked: it has the size of each filesystem in bytes (`/data 1000`), which is in no file.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

from berth.discover import MachineSource, ranges

MACHINES = Path(__file__).parent / "machines"
NAMES = sorted(file.stem for file in MACHINES.glob("*.txt"))


def recorded(name: str, root: Path, *extra: str, tool_timeout_s: float = 5.0) -> MachineSource:
    """Return the source for a recorded machine, unpacked below root. extra: further lines, which replace files."""
    return unpacked((MACHINES / f"{name}.txt").read_text(), root, *extra, tool_timeout_s=tool_timeout_s)


def unpacked(text: str, root: Path, *extra: str, tool_timeout_s: float = 5.0) -> MachineSource:
    """Return the source for a machine in the form above, unpacked below root."""
    root.mkdir(exist_ok=True)
    for path, kind, body in (*entries(text), *entries("\n".join(extra))):
        put(root / path, kind, body)
    return MachineSource(root, str(root / "usr/bin"), sizes(root), tool_timeout_s)


def sizes(root: Path) -> Callable[[Path], int]:
    """Return a function in place of statvfs that knows the recorded sizes, and raises OSError for others."""

    def size_bytes(path: Path) -> int:
        mountpoint_of_path = "/" + str(path.relative_to(root)).removeprefix(".")
        for line in (root / "sizes").read_text().splitlines():
            mountpoint, size = line.rsplit(" ", 1)
            if mountpoint == mountpoint_of_path:
                return int(size)
        raise OSError(errno.EACCES, "Permission denied")

    return size_bytes


def entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, kind and content of each entry."""
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if not line.strip() or line.startswith("#"):
            continue
        if line.endswith("/"):
            yield line, "folder", ""
        elif " -> " in line:
            path, _, target = line.partition(" -> ")
            yield path, "link", target
        elif " = " in line or line.endswith(" ="):
            path, _, content = line.partition(" =")
            yield path, "file", content.removeprefix(" ") + "\n"
        else:
            body = []
            while lines and (lines[0].startswith("    ") or not lines[0].strip()):
                body.append(lines.pop(0)[4:])
            yield block(line, "\n".join(body).rstrip("\n") + "\n")


def block(head: str, body: str) -> tuple[str, str, str]:
    """Return an entry of several lines."""
    if head.endswith(" !"):
        return head.removesuffix(" !"), "tool", body
    path, _, numbers = head.removesuffix(":").partition(" * ")
    if numbers:
        body = "".join(body.replace("{n}", str(number)) + "\n" for number in sorted(ranges(numbers)))
    return path, "file", body


def put(path: Path, kind: str, body: str) -> None:
    """Write one entry, replacing a file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    if kind == "folder":
        path.mkdir(exist_ok=True)
    elif kind == "link":
        path.symlink_to(body)
    else:
        path.write_text(body)
        path.chmod(0o755 if kind == "tool" else 0o644)
