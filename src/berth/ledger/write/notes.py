"""Refused requests and uses of tokens: written beside the commands, never instead of them."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final

from berth.ledger.retry import GIVE_UP_S
from berth.model.audit import RefusedRequest
from berth.model.token import Token

TOKEN_USE_US: Final = 60_000_000
"""How often the last use of a token is written, in microseconds."""

MOST_REFUSALS: Final = 10_000
"""How many refused requests may wait to be written; beyond that only their number is kept."""

MOST_AT_ONCE: Final = 1_000
"""How many refused requests one transaction writes."""

FIRST_PAUSE_S: Final = 0.1
"""How long to leave them after the first failure; twice as long after each further one."""


@dataclass(frozen=True, slots=True)
class NotesToWrite:
    """What one transaction writes. left_out: the number of refusals that did not fit; uses: times, by token."""

    refusals: list[RefusedRequest]
    left_out: int
    uses: dict[str, int]


class Notes:
    """Refused requests and uses of tokens that wait to be written.

    Requests add them in the threads that answer, and the thread that commits takes them: each does so under a lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.refusals: deque[RefusedRequest] = deque()
        self.uses: dict[str, int] = {}
        self._left_out = 0
        self._last_uses: dict[str, int] = {}
        self._failures, self._not_before = 0, 0.0

    def add_refusal(self, refused: RefusedRequest) -> None:
        """Add a refused request; if there are too many, only count it."""
        with self._lock:
            if len(self.refusals) < MOST_REFUSALS:
                self.refusals.append(refused)
            else:
                self._left_out += 1

    def add_use(self, token: Token, now: int) -> None:
        """Add the use of a token, at most one a minute."""
        if now - self._last_uses.get(token.id, token.last_used_at or 0) > TOKEN_USE_US:
            with self._lock:
                self._last_uses[token.id] = self.uses[token.id] = now

    def __bool__(self) -> bool:
        return bool(self.refusals or self.uses)

    @property
    def are_due(self) -> bool:
        """Whether there are any, and the last failure to write them is long enough ago."""
        return bool(self) and time.monotonic() >= self._not_before

    def to_write(self) -> NotesToWrite:
        """Return what to write now; it stays here until it is `written`."""
        with self._lock:
            return NotesToWrite(list(islice(self.refusals, MOST_AT_ONCE)), self._left_out, dict(self.uses))

    def written(self, notes: NotesToWrite) -> None:
        """Remove what has been written."""
        with self._lock:
            for _ in notes.refusals:
                self.refusals.popleft()
            self._left_out -= notes.left_out
            for key, at in notes.uses.items():
                if self.uses.get(key) == at:
                    del self.uses[key]
        self._failures, self._not_before = 0, 0.0

    def failed(self) -> None:
        """Leave them for a while, longer after each failure."""
        self._not_before = time.monotonic() + min(GIVE_UP_S, FIRST_PAUSE_S * 2**self._failures)
        self._failures += 1

    def hurry(self) -> None:
        """Make them due at once, for the last time."""
        self._not_before = 0.0
