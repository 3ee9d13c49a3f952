"""Child processes: forks, which share the modules that the main process has imported, and programs of their own."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import IO, Final, NamedTuple

from berth.processes.signals import SIGNALS, held_back, reset

LAST_S: Final = 30.0
"""How long a process may take to end after it was asked to, before it is killed."""

UNSTARTABLE: Final = 3
"""The exit status of a child that cannot start, however often it is tried. It has logged the reason."""

# Elsewhere libraries of the system do not survive a fork.
_CONTEXT: Final = (
    multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
)

_BOOT: Final = """
import json, signal, sys
for number in ({signals}):
    signal.signal(number, signal.SIG_IGN)
sys.path[:] = json.loads(sys.stdin.readline())
import {module}
{module}.main()
"""


class Lifeline:
    """A pipe whose writing end only the main process holds: when that ends, however it does, the reading end is at EOF.

    Unlike PR_SET_PDEATHSIG it works on every system, and does not depend on the thread that started the child.
    """

    def __init__(self) -> None:
        self.end, self.held = _CONTEXT.Pipe(duplex=False)


class Link(NamedTuple):
    """What connects a fork with the main process.

    main: the id of the main process; ready: to write a byte to, when the child is ready.
    """

    main: int
    ready: Connection
    lifeline: Connection

    @property
    def is_cut(self) -> bool:
        """Whether the main process has ended before this one.

        Its end of the lifeline is closed before its children get another parent, and a child may ask in between.
        """
        return os.getppid() != self.main or self.lifeline.poll()

    def report_ready(self) -> None:
        """Report to the main process that this one is ready."""
        with suppress(OSError):  # the main process has ended: the lifeline ends this one
            os.write(self.ready.fileno(), b"1")


class Child(ABC):
    """A process that the main process has started, and must call `wait` for.

    news: readable when the process is ready, and when it has ended. born: when it was started, monotonic.
    """

    name: str
    pid: int
    news: Connection | IO[bytes]

    def __init__(self) -> None:
        self.born = time.monotonic()

    def is_ready(self) -> bool:
        """Whether the process has just become ready; False if it has ended. Call only when `news` is readable."""
        return bool(os.read(self.news.fileno(), 1))

    @abstractmethod
    def end(self) -> None:
        """Ask the process to end after what it is doing."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the process."""

    @abstractmethod
    def wait(self) -> int:
        """Wait for the process, and return its exit status: of a signal, the negative number."""


class Fork(Child):
    """A fork of this process. run: called in it; SystemExit sets its exit status."""

    def __init__(self, name: str, run: Callable[[Link], None], lifeline: Lifeline) -> None:
        super().__init__()
        self.name = name
        self.news, ready = _CONTEXT.Pipe(duplex=False)
        link = Link(os.getpid(), ready, lifeline.end)
        self._process = _CONTEXT.Process(target=_run, args=(run, link, lifeline.held), name=name)
        with held_back():
            self._process.start()
        ready.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def end(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def wait(self) -> int:
        """Wait for the process."""
        self._process.join()
        status = self._process.exitcode
        self._process.close()
        self.news.close()
        assert status is not None
        return status


class Program(Child):
    """A new interpreter that runs `main` of a module.

    message: one line on its standard input, which is also its lifeline. Its output is its news (`report_ready`).
    It ignores signals, so that it can serve until the others have ended: it ends with its lifeline (`lifeline_ended`).
    """

    def __init__(self, name: str, module: str, message: bytes) -> None:
        super().__init__()
        self.name = name
        # Isolated from the variables and the folder that it is run in: it has the path of this process.
        boot = _BOOT.format(module=module, signals=", ".join(map(str, map(int, SIGNALS))))
        command = [sys.executable, "-I", "-c", boot]
        self._process = subprocess.Popen(  # noqa: S603 - nothing of a request is in it
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid, self.news, self._input = self._process.pid, self._process.stdout, self._process.stdin
        with suppress(BrokenPipeError):  # it has ended: that is read from its news
            self._input.write(json.dumps(sys.path).encode() + b"\n" + message + b"\n")
            self._input.flush()

    def end(self) -> None:
        """Close its lifeline."""
        with suppress(BrokenPipeError):
            self._input.close()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def wait(self) -> int:
        """Wait for the process."""
        self.end()
        self.news.close()
        return self._process.wait()


def report_ready() -> None:
    """Report to the main process that this program is ready."""
    with suppress(OSError):  # the main process has ended
        os.write(1, b"1")


async def lifeline_ended() -> None:
    """Wait until the main process has ended, or asks this program to end."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, ended.set)
    await ended.wait()
    asyncio.get_running_loop().remove_reader(0)


def end_with(lifeline: Connection) -> None:
    """End this process after the main one: by SIGTERM, and by SIGKILL if that takes longer than LAST_S."""
    threading.Thread(target=_end_with, args=(lifeline,), name="lifeline", daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with suppress(OSError):
        os.read(lifeline.fileno(), 1)  # nothing is ever written
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_S)
    os.kill(os.getpid(), signal.SIGKILL)


def _run(run: Callable[[Link], None], link: Link, held: Connection) -> None:
    held.close()  # only the main process holds it
    reset()
    end_with(link.lifeline)
    run(link)
