"""How often something happens: lately, and usually."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Generic, TypeVar

MEMORY_DAYS: Final = 28
"""What is usual is what the last four weeks had: each day of the week four times, and holidays do not last longer."""

MOST_REMEMBERED: Final = 10_000
"""Of how many actors, and addresses, at most something is known: those that were heard of last."""

MOST_NUMBERS: Final = 100
"""How many records a minute remembers."""

MINUTE_US: Final = 60_000_000
DAY_MINUTES: Final = 1440

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class Minute:
    """What came in one minute, since `at`. position: where the whole fleet's count stood before it."""

    minute: int
    at: int
    position: int
    amount: int = 0
    numbers: list[int] = field(default_factory=list)


class Rate:
    """Amounts in a window that slides by minutes, and each day's largest sum. minutes: the window's length."""

    __slots__ = ("_day", "_minutes", "_past", "_peaks", "_window", "total")

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes
        self._window: deque[Minute] = deque()
        self._peaks: dict[int, int] = {}
        self._day, self._past = -1, [0]
        self.total = 0

    def add(self, at: int, amount: int, number: int | None = None, position: int = 0) -> None:
        """So much now. number: of the record, if it is one of those to be named; position: before it."""
        minute = at // MINUTE_US
        self._slide(minute)
        window = self._window
        if not window or window[-1].minute < minute:
            window.append(Minute(minute, at, position))
        last = window[-1]  # a clock that went back is taken to stand still
        last.amount += amount
        self.total += amount
        if number is not None and len(last.numbers) < MOST_NUMBERS:
            last.numbers.append(number)
        day = minute // DAY_MINUTES
        if self.total > self._peaks.get(day, 0):
            self._peaks[day] = self.total

    def _slide(self, minute: int) -> None:
        window = self._window
        while window and window[0].minute <= minute - self._minutes:
            self.total -= window.popleft().amount

    @property
    def numbers(self) -> list[int]:
        """Of the records in the window."""
        return [number for each in self._window for number in each.numbers]

    @property
    def since(self) -> int:
        """When the first amount in the window came."""
        return self._window[0].at

    @property
    def position(self) -> int:
        """Where the fleet's count stood before the window."""
        return self._window[0].position

    def past(self, day: int) -> list[int]:
        """The largest sums of the days before this one that had any, the largest first."""
        if day != self._day:
            for old in [each for each in self._peaks if each < day - MEMORY_DAYS]:
                del self._peaks[old]
            self._day = day
            self._past = sorted((peak for each, peak in self._peaks.items() if each < day), reverse=True)
        return self._past

    def middling(self, day: int) -> float:
        """What a day that has any has at its height: the median, which no single day can move."""
        past = self.past(day)
        return median(past) if past else 0

    def second(self, day: int) -> int:
        """The second largest: what came twice in four weeks is usual, what came once is not."""
        past = self.past(day)
        return past[1] if len(past) > 1 else 0


class Recent(Generic[K, V]):
    """Something for each of those that were heard of last."""

    def __init__(self, new: Callable[[], V]) -> None:
        self._new = new
        self._each: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What there is; None if there is nothing."""
        return self._each.get(key)

    def of(self, key: K) -> V:
        """What there is, from now on."""
        found = self._each.get(key)
        if found is None:
            found = self._each[key] = self._new()
            if len(self._each) > MOST_REMEMBERED:
                self._each.popitem(last=False)
        else:
            self._each.move_to_end(key)
        return found

    def __len__(self) -> int:
        return len(self._each)
