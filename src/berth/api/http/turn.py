"""Turns: of several threads that compute for long, one does so at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

TURN_S: Final = 0.01
"""How long a thread computes before it lets another one do so."""

WORK_S: Final = 0.001
"""How long a thread computes before it gives way to the event loop."""

REST_S: Final = 0.00005
"""For how long it does: others that wait for the interpreter have to wake up first."""

LONGEST_REST_S: Final = 0.004
"""For how long at most, while a commit is carried out: under constant claims it still has a fifth of the time."""


class Turn:
    """The right to compute for long: a context manager around the work of a thread.

    Two threads that compute would hand the interpreter to each other, again and again past the event loop and the
    thread that commits: CPython serves the threads that wait for it in no order. One alone gives way to them at once.
    Threads have their turns in the order in which they came.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()
        self._began = self._rested = 0.0
        self._undisturbed = threading.Event()
        self._undisturbed.set()

    @contextmanager
    def held_off(self) -> Iterator[None]:
        """Keep threads that compute for long from doing so inside of the context, for a moment.

        What is done in it, by one thread at a time, releases the interpreter often, and each time would have to wait
        until it gets it back.
        """
        self._undisturbed.clear()
        try:
            yield
        finally:
            self._undisturbed.set()

    def __enter__(self) -> Self:
        with self._lock:
            turn = None if not self._taken else threading.Event()
            self._taken = True
            if turn is not None:
                self._waiting.append(turn)
        if turn is not None:
            turn.wait()
        self._began = self._rested = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

    def pass_on(self) -> None:
        """Give way for a moment, and let another thread compute, if it is time to.

        A thread that calls NumPy often releases the interpreter and takes it back before any other has woken up; so
        it has to rest.
        """
        now = time.monotonic()
        if now - self._rested < WORK_S:
            return
        if now - self._began > TURN_S and (turn := self._passed_on()) is not None:
            turn.wait()
            self._began = self._rested = time.monotonic()
        else:
            time.sleep(REST_S)
            self._undisturbed.wait(LONGEST_REST_S)
            self._rested = time.monotonic()

    def _passed_on(self) -> threading.Event | None:
        """Give the turn to the thread that has waited longest, and return what the next one comes with.

        In one step, so that no thread that comes in between is before this one. None: no other waits.
        """
        with self._lock:
            if not self._waiting:
                return None
            turn = threading.Event()
            self._waiting.append(turn)
            self._waiting.popleft().set()
            return turn
