"""Retries with exponential back-off and jitter, for an unreachable database or a conflict."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

FIRST_PAUSE_S: Final = 0.02
GIVE_UP_S: Final = 10
"""After this long there is no further attempt: the caller is asked to retry, perhaps with another process."""


def attempts(most: int) -> Iterator[bool]:
    """Yield for each attempt whether it is the last; at most `most`, with growing, randomised pauses between them."""
    give_up = time.monotonic() + GIVE_UP_S
    for tried in range(most):
        last = tried == most - 1 or time.monotonic() >= give_up
        yield last
        if last:
            return
        time.sleep(FIRST_PAUSE_S * 2**tried * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
