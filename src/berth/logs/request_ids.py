"""The ids of requests, and of those that this thread works for, which every line of the log names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

ID_PREFIX: Final = "req-"
"""Of the id of a request, as OpenStack's clients expect it; a uuid follows."""

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


def new_request_id() -> str:
    """Return the id of a request: a prefix and a random uuid (RFC 9562, version 4), made without a UUID object."""
    digits = os.urandom(16).hex()
    return f"{ID_PREFIX}{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
