"""Threads that take turns more often than they ever would by themselves, so that a race between them shows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.support.deadline import LIMIT_S


@contextmanager
def quick_turns() -> Iterator[None]:
    """Let threads take turns after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """Return the results of the same work in several threads at once, with quick turns. Raises what one of them did."""
    with quick_turns(), ThreadPoolExecutor(count) as pool:
        return [each.result(LIMIT_S) for each in [pool.submit(work) for _ in range(count)]]


def no_thread(*_: Any) -> None:
    """Fail as Thread.start does where a process may have no more threads."""
    raise RuntimeError("can't start new thread")
