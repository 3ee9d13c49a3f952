"""Signals as bytes in a pipe: any number may arrive in any moment, also while one is handled."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGINT)
"""The signals that end a process."""

SIGNALS: Final = (*ENDING, signal.SIGHUP)
"""The signals that a main process handles."""


class SignalPipe:
    """The signals that this process has received since `read` was last called. Readable (`fileno`) if there are any.

    A handler may interrupt another one anywhere, so it takes no lock: it writes a byte.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = tuple(numbers)
        self._receiving, self._sending = os.pipe()
        os.set_blocking(self._receiving, False)
        os.set_blocking(self._sending, False)
        # Wakes a thread that waits in a system call, even if another thread has received the signal.
        signal.set_wakeup_fd(self._sending, warn_on_full_buffer=False)
        for number in self._numbers:
            signal.signal(number, self._note)
            signal.siginterrupt(number, False)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._receiving

    def read(self) -> frozenset[int]:
        """Return the numbers of the signals that have arrived, without waiting."""
        received: set[int] = set()
        with suppress(BlockingIOError):
            while piece := os.read(self._receiving, 4096):
                received.update(piece)
        return frozenset(received)

    def ignore(self) -> None:
        """Ignore these signals from now on: this process is about to exit, with a status of its own."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        # As well as the wake-up descriptor, which uvloop replaces by its own.
        with suppress(BlockingIOError):  # full: thousands are waiting already
            os.write(self._sending, bytes([number]))


@contextmanager
def held_back() -> Iterator[None]:
    """Hold signals back until the block ends. A process that is forked in it calls `reset`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def reset() -> None:
    """Let signals end this process at once. A fork has inherited handlers that would write into its parent's pipe.

    SIGHUP is ignored: it is meant for the main process, but sent to all of them if a terminal is closed.
    """
    signal.set_wakeup_fd(-1)
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
