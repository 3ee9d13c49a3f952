"""The budget of a search: how many steps it may take, and until when."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

Solution = tuple[int, ...]
"""One slot for each variable of a request."""

FRUITLESS_STEPS = 30_000
"""Steps that a request may take since its last solution: a tenth to a third of a second when measured."""

MOST_STEPS = 300_000
"""Steps that a request may take in all, even if it keeps finding: one to three seconds when measured."""

LOOKS_PER_STEP = 300
"""Look-ups of a number that cost as much as one step: a step with many groups and providers counts as several."""

PROVIDERS_PER_STEP = 2
"""Providers of a solution that cost as much as one step to render."""


@dataclass(slots=True)
class Budget:
    """The steps left until a request gives up. left: since its last solution, of `steps`; total_left: in all.

    ends: when it gives up in any case, by time.monotonic(); only looked at between blocks of providers.
    """

    steps: int = FRUITLESS_STEPS
    left: int = field(default=FRUITLESS_STEPS)
    total_left: int = field(default=MOST_STEPS)
    exceeded: bool = False
    ends: float = math.inf

    @classmethod
    def limited(cls, steps: int, ends: float = math.inf) -> Budget:
        """Return a budget of this many steps, in all and since the last solution."""
        return cls(steps, steps, steps, ends=ends)

    def take_step(self) -> bool:
        """Spend a step; return False if none was left."""
        self._spend(1)
        return not self.exceeded

    def take_block(self) -> None:
        """Go on to another block of slots, which costs no steps, but time."""
        if self.ends < math.inf and time.monotonic() >= self.ends:
            self.exceeded = True

    def first_solutions(self, solutions: Iterator[Solution], limit: int | None) -> list[Solution]:
        """Return up to `limit` solutions."""
        return list(islice(solutions, limit))

    def taking_time(self, items: Iterable[T]) -> Iterable[T]:
        """Return what takes long to go through: the caller does so."""
        return items

    def count_looks(self, times: int) -> None:
        """Spend the cost of this many look-ups."""
        self._spend(times // LOOKS_PER_STEP)

    def count_solution(self, places: int) -> None:
        """Spend the cost of a solution with this many providers, and reset the bound until the next one."""
        self._spend(1 + places // PROVIDERS_PER_STEP)
        self.left = self.steps

    def _spend(self, steps: int) -> None:
        self.left -= steps
        self.total_left -= steps
        if self.left < 0 or self.total_left < 0:
            self.exceeded = True
