"""Graceful shutdown of a worker: no request is aborted, and nothing else delays the exit."""

from __future__ import annotations

import signal
from typing import Final

LAST_S: Final = 10
"""How long a worker may take to exit after a signal, once it has answered every request."""


class InFlight:
    """The requests that a worker is handling (a context manager around each), in its event loop.

    After a signal, once none is left, the kernel ends the process after LAST_S. Not a thread: a library whose threads
    wait for each other at exit can hold the interpreter lock forever.
    """

    def __init__(self) -> None:
        self._count, self._ending = 0, False

    def __enter__(self) -> None:
        self._count += 1
        if self._ending:
            signal.alarm(0)

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        self._limit()

    def end(self) -> None:
        """Begin the shutdown: this worker has received a signal."""
        self._ending = True
        self._limit()

    def _limit(self) -> None:
        # SIGALRM has no handler: the kernel ends the process.
        if self._ending and self._count == 0:
            signal.alarm(LAST_S)
