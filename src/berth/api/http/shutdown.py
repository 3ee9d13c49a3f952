"""How a worker ends: no signal to end is lost, no request under way is broken off, and nothing else holds it up."""

from __future__ import annotations

import os
import signal
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGINT)

LAST_S: Final = 10
"""How long a worker that was told to end, and has answered everything, may take for the rest."""


class InFlight:
    """The requests that a worker has under way (a context manager around each), in its event loop.

    Once it was told to end and has none left, the system ends it after LAST_S. Not a thread of its own: a library
    whose threads wait for each other as they end keeps the interpreter from everybody else.
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
        """This worker was told to end."""
        self._ending = True
        self._limit()

    def _limit(self) -> None:
        # Nobody handles this signal: what it does is done by the system.
        if self._ending and self._count == 0:
            signal.alarm(LAST_S)


def forget_in_children() -> None:
    """From now on children that this process forks end at once when they are told to, until they listen themselves.

    A fork has its parent's handlers: they would note the signal in a copy of the parent's memory, where nobody looks.
    """
    os.register_at_fork(before=block_signals, after_in_parent=unblock_signals, after_in_child=_forget)


def block_signals() -> None:
    """Keep signals waiting: between asking an event loop to listen and its first turn they would be lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def unblock_signals() -> None:
    """Take them again, and those that waited."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _forget() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    unblock_signals()
