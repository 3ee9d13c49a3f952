"""Commands of `berth` as processes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.fork_server.processes import Fork, fork_server, suits


def berth_command() -> list[str]:
    """Return the command line for `berth`: BERTH_COMMAND, or that of this interpreter."""
    return shlex.split(os.environ.get("BERTH_COMMAND", "")) or [sys.executable, "-m", "berth"]


def popen(command: Sequence[str], *, forked: bool = True, **options: Any) -> subprocess.Popen[Any]:
    """Start a command as subprocess.Popen does; `berth` as a fork of a process that has imported it.

    That takes most of the time of a start. forked: False for a test that looks at the words or the environment of the
    process, as others can, which are not those of a fork.
    """
    own = tuple(berth_command())
    if forked and tuple(command[: len(own)]) == own and suits(options.get("env") or os.environ):
        interpreter = _interpreter(*own)
        if interpreter is not None:
            return Fork(fork_server(interpreter), command[1:] if own[1:] else command, **options)
    return subprocess.Popen(command, **options)


@cache
def _interpreter(program: str, *words: str) -> str | None:
    """Return the interpreter that this command for `berth` begins with, or that its file names; None if neither."""
    if words:
        return program if words == ("-m", "berth") else None
    first = Path(program).read_bytes().partition(b"\n")[0]
    return os.fsdecode(first[2:].strip()) if first.startswith(b"#!/") and b"python" in first else None


def run(
    command: Sequence[str], *, folder: Path | None = None, timeout_s: float = 120, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, see `popen`, without an input."""
    options: dict[str, Any] = {"cwd": folder, "env": env, "text": True}
    pipe = subprocess.PIPE
    with popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def run_berth(
    *arguments: str, status: int | None = 0, timeout_s: float = 120, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. status: the exit status that it must have, None for any; folder: to run it in."""
    done = run([*berth_command(), *arguments], folder=folder, timeout_s=timeout_s)
    if status is not None and done.returncode != status:
        raise AssertionError(f"berth {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def output_of_berth(folder: Path, *arguments: str) -> str:
    """Run a command in a folder, and return what it prints."""
    return run_berth(*arguments, folder=folder).stdout.strip()
