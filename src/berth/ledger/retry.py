"""Retries with exponential back-off and jitter, for an unreachable database or a conflict."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from typing import Final

FIRST_PAUSE_S: Final = 0.02
GIVE_UP_S: Final = 10
"""After this long there is no further attempt: the caller is asked to retry, perhaps with another process."""

CONFLICT_PAUSE_S: Final = 0.004
"""The longest pause after a conflict. Its length is random: two that were in conflict shall not meet again."""


def attempts(most: int, deadline: float = math.inf) -> Iterator[bool]:
    """Yield for each attempt whether it is the last, with growing, randomised pauses between them.

    most: at most this many; deadline: none begins after this time, by time.monotonic(), nor after GIVE_UP_S.
    """
    give_up = min(time.monotonic() + GIVE_UP_S, deadline)
    for tried in range(most):
        last = tried == most - 1 or time.monotonic() >= give_up
        yield last
        if last:
            return
        pause = FIRST_PAUSE_S * 2**tried * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
        time.sleep(max(0.0, min(pause, give_up - time.monotonic())))


def pause_after_conflict() -> None:
    """Wait for a random time of at most CONFLICT_PAUSE_S."""
    time.sleep(random.uniform(0, CONFLICT_PAUSE_S))  # noqa: S311 - not a secret
