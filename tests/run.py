"""Runs the tests: first everything that can share a machine, on all cores, then what needs it alone.

    python -m tests.run [WORD...]         words for pytest, such as a path or -k; --long: the long form

Tests that measure time, or look at what the whole run has done, come last, one after the other. The run as a whole is
held to `tests/budget.json`: how many tests, servers and databases each suite may use.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.budget import COUNTS
from tests.support.statement_recording.berth_loop import FOLDER as LOOP
from tests.support.statement_recording.berth_statements import FOLDER as STATEMENTS

WORKERS_PER_CORE = 2
"""More than one: tests wait for servers, disks and clocks as often as they compute."""

LAST = "alone or at_the_end"
NOTHING_CHOSEN = 5
"""pytest's exit status where the words choose no test of this half."""

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
"""What temporary files may need: as much has to be free in memory, or they are kept on the disk."""

LONG_FORM = {
    "BERTH_TEST_LONG": "1",
    "BERTH_TEST_HYPOTHESIS": "deep",
    "BERTH_TEST_PEER_SEED": str(int(time.time())),
    "BERTH_TEST_PEER_EPISODES": "1000",
}
"""The settings of `make test-all`; those that are set already stay as they are."""


def main(words: list[str]) -> int:
    """Run both halves and return the exit status."""
    if "--long" in words:
        words.remove("--long")
        for name, value in LONG_FORM.items():
            print(f"{name}={os.environ.setdefault(name, value)}", flush=True)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="berth-run-", dir=_temporary()))
    try:
        statuses = _run(words, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"tests: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    ran = [status for status in statuses if status != NOTHING_CHOSEN]
    return max(ran) if ran else NOTHING_CHOSEN


def _run(words: list[str], folder: Path) -> list[int]:
    for name in (STATEMENTS, LOOP, COUNTS):
        (folder / name).mkdir()
        os.environ[name] = str(folder / name)
    if not words:
        os.environ["BERTH_TEST_WHOLE"] = "1"
    workers = os.environ.get("BERTH_TEST_WORKERS") or str(WORKERS_PER_CORE * len(os.sched_getaffinity(0)))
    later = [f"{word}.alone.xml" if word.startswith("--junitxml=") else word for word in words]
    shared = ["-n", workers, "--dist", "loadscope", "--no-loadscope-reorder", "-m", f"not ({LAST})"]
    return [
        _pytest([*shared, f"--basetemp={folder}/shared", *words]),
        _pytest(["-m", LAST, f"--basetemp={folder}/alone", *later]),
    ]


def _pytest(words: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *words], check=False).returncode


def _temporary() -> Path | None:
    """Return a folder in memory, so that tests do not wait for a disk; None if there is not room enough."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
