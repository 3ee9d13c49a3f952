"""Commands of `berth` as processes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path


def berth_command() -> list[str]:
    """Return the command line for `berth`: BERTH_COMMAND, or that of this interpreter."""
    return shlex.split(os.environ.get("BERTH_COMMAND", "")) or [sys.executable, "-m", "berth"]


def run_berth(
    *arguments: str, status: int | None = 0, timeout_s: float = 120, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. status: the exit status that it must have, None for any; folder: to run it in."""
    done = subprocess.run(
        [*berth_command(), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if status is not None and done.returncode != status:
        raise AssertionError(f"berth {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def output_of_berth(folder: Path, *arguments: str) -> str:
    """Run a command in a folder, and return what it prints."""
    return run_berth(*arguments, folder=folder).stdout.strip()
