"""How often something is tried again, and with which pauses, while the database is away or others are in the way."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

FIRST_PAUSE_S: Final = 0.02
PATIENCE_S: Final = 10
"""After this long nothing is tried once more: the caller is told to ask again, and may ask another process."""


def attempts(most: int) -> Iterator[bool]:
    """At most so many attempts, with growing pauses of chance length between them: whether each is the last."""
    give_up = time.monotonic() + PATIENCE_S
    for tried in range(most):
        last = tried == most - 1 or time.monotonic() >= give_up
        yield last
        if last:
            return
        time.sleep(FIRST_PAUSE_S * 2**tried * random.uniform(0.5, 1.5))  # noqa: S311 - no secret hangs on it
