"""Waiting for a condition, with a limit that only guards against waiting for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 60


def until(condition: Callable[[], bool], failure: str = "", limit_s: float = LIMIT_S) -> None:
    """Wait until the condition holds. Raises AssertionError with `failure` after limit_s seconds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.05)
