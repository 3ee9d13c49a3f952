"""The ids of the requests that this thread works for, which every line of the log names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

REQUEST_IDS: Final[ContextVar[tuple[str, ...]]] = ContextVar("request_ids", default=())
"""The ids of the requests that this thread works for: several during a commit of several commands.

Set it for the work on a request, and reset it in a `finally`: many requests share one thread.
"""


@contextmanager
def logged_as(requests: Sequence[str]) -> Iterator[None]:
    """Make the log lines of this block name these requests."""
    entered = REQUEST_IDS.set(tuple(requests))
    try:
        yield
    finally:
        REQUEST_IDS.reset(entered)
