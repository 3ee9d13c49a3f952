"""A child reports when it is ready and how it ended, and ends with the main process, however that ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.deadline import until
from tests.support.servers import lives

MAIN = """
import sys, time
from berth.processes.child import Fork, Lifeline, Program

def wait(link):
    link.report_ready()
    time.sleep(60)

if sys.argv[1] == "fork":
    lifeline = Lifeline()
    children = [Fork("a fork", wait, lifeline), Fork("another", wait, lifeline)]
else:
    sys.path.insert(0, sys.argv[2])
    children = [Program("a program", "waiting", b"a message")]
assert all(each.is_ready() for each in children)
print(*(each.pid for each in children), flush=True)
sys.stdin.readline()  # until it is killed, or not
for each in children:
    each.end()
    assert not each.is_ready()
    print(each.wait())
"""

WAITING = """
import asyncio, sys
from berth.processes.child import lifeline_ended, report_ready

def main():
    assert sys.stdin.readline() == "a message\\n"
    report_ready()
    asyncio.run(lifeline_ended())
    sys.exit(7)
"""


@contextmanager
def begun(*words: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Run a main process until the block ends, and yield it with the ids of its children."""
    command = [sys.executable, "-c", MAIN, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as main:
        assert main.stdout is not None
        yield main, [int(word) for word in main.stdout.readline().split()]


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "waiting.py").write_text(WAITING)
    return str(tmp_path)


def test_forks_end_with_a_main_process_that_was_killed() -> None:
    with begun("fork") as (main, children):
        main.kill()
        main.wait(10)
        until(lambda: not any(map(lives, children)), limit_s=30)


def test_a_program_ends_with_a_main_process_that_was_killed(program: str) -> None:
    with begun("program", program) as (main, children):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # sent to all of a terminal: it ends as the last
            os.kill(children[0], number)
        assert lives(children[0])
        main.kill()
        main.wait(10)
        until(lambda: not lives(children[0]), limit_s=30)


@pytest.mark.parametrize(
    ("word", "statuses"), [("fork", [-signal.SIGTERM] * 2), ("program", [7])], ids=["fork", "program"]
)
def test_the_status_of_one_that_was_asked_to_end(word: str, statuses: list[int], program: str) -> None:
    with begun(word, program) as (main, _):
        assert [int(line) for line in main.communicate("\n", timeout=30)[0].split()] == statuses
