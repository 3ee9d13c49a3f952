"""The threads of a worker for what its event loop must not do: each kind of wait has threads of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from berth.api.http.turn import Turn

T = TypeVar("T")

_LOG = logging.getLogger("berth")

REQUEST_S: Final = 10.0
"""How long a request may wait in all, for other processes, the database and the identity service."""

LONG_S: Final = 120.0
"""How long a request may take that reads much, such as an export."""

GRACE_S: Final = 0.5
"""How much later than its deadline a request is answered for a thread that does not end by it."""


READS: Final = 8
"""How many threads read for requests."""

LONG_READS: Final = 4
"""How many threads read for requests that read much."""


class Overdue(Exception):
    """A request was not answered by its deadline. Its thread ends by limits of its own."""


class Threads:
    """Pools of threads. Those for one kind of work never wait for those of another.

    commits: one, for what is queued; reads: for requests that wait for a database behind a network, or take more than
    a few milliseconds; long_reads: for requests that read much, one of which computes at a time: see Turn.
    """

    def __init__(self) -> None:
        self.commits = ThreadPoolExecutor(1, "berth-commit")
        self.reads = ThreadPoolExecutor(READS, "berth-read")
        self.long_reads = ThreadPoolExecutor(LONG_READS, "berth-long-read")
        self.turn = Turn()


async def run_in(pool: ThreadPoolExecutor, work: Callable[[], T], limit_s: float) -> T:
    """Return the result of work in a thread. Raise Overdue if it takes longer than limit_s seconds.

    It is not begun if it is overdue before a thread is free.
    """
    running, limit = pool.submit(work), asyncio.timeout(limit_s)
    try:
        async with limit:
            return await asyncio.wrap_future(running)
    except TimeoutError:
        if not limit.expired():
            raise
        running.add_done_callback(_log_error)
        raise Overdue from None


def _log_error(late: Future[Any]) -> None:
    """Log what was raised for a request that has been answered already."""
    error = None if late.cancelled() else late.exception()
    if error is not None:
        _LOG.error("a request failed after its deadline: %s", error, exc_info=error)
