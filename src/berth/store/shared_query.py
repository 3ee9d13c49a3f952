"""Shared queries: one at a time, whose result or failure all threads share that wait for it."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from berth.model.errors import Unavailable

T = TypeVar("T")


class SharedQuery(Generic[T]):
    """One query, asked by many threads.

    A result goes to the threads that asked before the query began: it is at least as recent as their question. A
    failure goes to all that wait when it occurs, so that none of them waits for a second one.
    """

    def __init__(self, query: Callable[[], T]) -> None:
        self._query = query
        self._lock = threading.Lock()
        self._running: _Run[T] | None = None
        self._next = _Run[T]()

    @property
    def busy(self) -> bool:
        """Whether a thread that asks now would wait for another one."""
        return self._running is not None

    def get(self, wait_s: float) -> T:
        """Return the result of a query that begins after this call. Raises its failure; Unavailable after `wait_s`."""
        until = time.monotonic() + wait_s
        with self._lock:
            mine, running = self._next, self._running
            if running is None:
                self._start_next()
        if running is None:
            return self._run(mine)
        running.result(until)
        with self._lock:
            leads = self._running is None and self._next is mine
            if leads:
                self._start_next()
        return self._run(mine) if leads else mine.result(until)

    def _start_next(self) -> None:
        self._running, self._next = self._next, _Run()

    def _run(self, run: _Run[T]) -> T:
        try:
            run.value = self._query()
        except BaseException as error:
            run.error = error
            raise
        finally:
            with self._lock:
                self._running = None
            run.ended.set()
        return run.value


class _Run(Generic[T]):
    """One run of the query."""

    value: T

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.error: BaseException | None = None

    def result(self, until: float) -> T:
        """Wait for the result until then, by time.monotonic()."""
        left = until - time.monotonic()
        if not self.ended.wait(max(0.0, min(left, threading.TIMEOUT_MAX))):
            raise Unavailable("the database has not answered in time")
        if isinstance(self.error, Exception):
            raise copy.copy(self.error) from self.error
        if self.error is not None:  # that thread was interrupted, which says nothing about the database
            raise Unavailable("the query was interrupted") from self.error
        return self.value
