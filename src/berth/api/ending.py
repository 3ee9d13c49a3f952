"""The signals that end a server: none is lost, in whichever moment of a worker's beginning it comes."""

from __future__ import annotations

import os
import signal
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGINT)


def forget_in_children() -> None:
    """From now on children that this process forks end at once when they are told to, until they listen themselves.

    A fork has its parent's handlers: they would note the signal in a copy of the parent's memory, where nobody looks.
    """
    os.register_at_fork(before=hold, after_in_parent=let_through, after_in_child=_forget)


def hold() -> None:
    """Keep signals waiting: between asking an event loop to listen and its first turn they would be lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def let_through() -> None:
    """Take them again, and those that waited."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _forget() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    let_through()
