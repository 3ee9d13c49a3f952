"""A budget of a search whose thread may have to be free for something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from berth.fleet.checked import Check, checked
from berth.fleet.find.budget import Budget, Solution, T

STEPS_PER_CHECK: Final = 100
"""Steps after which the time is checked: about a millisecond."""


class TimedBudget(Budget):
    """A budget that checks the time about once in a millisecond, and before many solutions are rendered.

    check: raises what ends the search if there is no more time; few: how many solutions can be rendered before
    `check_many` is called, which raises likewise; pause: called while those that are found are rendered.
    """

    def __init__(self, check: Check, few: int, check_many: Check, pause: Check) -> None:
        super().__init__()
        self._check, self._until_check = check, STEPS_PER_CHECK
        self._few, self._check_many, self._pause = few, check_many, pause

    def take_block(self) -> None:
        """Check the time before another block of slots is evaluated."""
        self._check()

    def first_solutions(self, solutions: Iterator[Solution], limit: int | None) -> list[Solution]:
        """Return up to `limit` solutions, after a check if they are many."""
        taken = list(islice(solutions, limit if limit is not None and limit <= self._few else self._few + 1))
        if len(taken) > self._few:
            self._check_many()
            taken += islice(solutions, None if limit is None else limit - len(taken))
        return taken

    def taking_time(self, items: Iterable[T]) -> Iterable[T]:
        """Return the items, with pauses between them."""
        return checked(items, self._pause)

    def _spend(self, steps: int) -> None:
        super()._spend(steps)
        self._until_check -= steps
        if self._until_check < 0:
            self._until_check = STEPS_PER_CHECK
            self._check()
