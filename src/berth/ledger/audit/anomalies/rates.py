"""Rates: how often something happens now, and on other days."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from statistics import median
from typing import Final, Generic, Self, TypeVar

import msgspec

MEMORY_DAYS: Final = 28
"""The last four weeks count as usual: each day of the week four times, and holidays are shorter."""

MOST_REMEMBERED: Final = 10_000
"""How many actors, and addresses, are remembered: those that were active last."""

MOST_NUMBERS: Final = 100
"""How many record numbers are kept for a minute."""

MINUTE_US: Final = 60_000_000
DAY_MINUTES: Final = 1440

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Minute(msgspec.Struct, array_like=True):
    """The amounts of one minute, since `at`. position: the count of the whole fleet before it."""

    minute: int
    at: int
    position: int
    amount: int = 0
    numbers: list[int] = []


class RateState(msgspec.Struct, array_like=True):
    """What is kept of a rate."""

    window: list[Minute]
    peaks: dict[int, int]


class Rate:
    """Sums over a window that slides by minutes, and each day's peak: the largest sum. minutes: the window's length."""

    __slots__ = ("_day", "_minutes", "_past_peaks", "_peaks", "_window", "total")

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes
        self._window: deque[Minute] = deque()
        self._peaks: dict[int, int] = {}
        self._day, self._past_peaks = -1, [0]
        self.total = 0

    @property
    def state(self) -> RateState:
        """What to keep of it."""
        return RateState(list(self._window), self._peaks)

    @classmethod
    def restored(cls, minutes: int, state: RateState) -> Self:
        """Return the rate that was kept."""
        rate = cls(minutes)
        rate._window, rate._peaks = deque(state.window), state.peaks
        rate.total = sum(each.amount for each in state.window)
        return rate

    def add(self, at: int, amount: int, number: int | None = None, position: int = 0) -> None:
        """Add an amount. number: of its record, if that is to be named; position: the fleet's count before it."""
        minute = at // MINUTE_US
        self._slide(minute)
        window = self._window
        if not window or window[-1].minute < minute:
            window.append(Minute(minute, at, position))
        last = window[-1]  # a clock that went back counts as standing still
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
        """The numbers of the records in the window."""
        return [number for each in self._window for number in each.numbers]

    @property
    def since(self) -> int:
        """The time of the first amount in the window."""
        return self._window[0].at

    @property
    def position(self) -> int:
        """The fleet's count before the window."""
        return self._window[0].position

    def past_peaks(self, day: int) -> list[int]:
        """Return the peaks of the active days before this one, the largest first."""
        if day != self._day:
            for old in [each for each in self._peaks if each < day - MEMORY_DAYS]:
                del self._peaks[old]
            self._day = day
            self._past_peaks = sorted((peak for each, peak in self._peaks.items() if each < day), reverse=True)
        return self._past_peaks

    def median_peak(self, day: int) -> float:
        """Return the median of past peaks, which no single day can move; 0 without any."""
        past_peaks = self.past_peaks(day)
        return median(past_peaks) if past_peaks else 0

    def second_peak(self, day: int) -> int:
        """Return the second largest past peak: an amount reached twice in four weeks is usual, once is not."""
        past_peaks = self.past_peaks(day)
        return past_peaks[1] if len(past_peaks) > 1 else 0


class Recent(Generic[K, V]):
    """A value for each key, of which the least recently used are dropped."""

    def __init__(self, new: Callable[[], V]) -> None:
        self._new = new
        self._each: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        return self._each.get(key)

    def get_or_create(self, key: K) -> V:
        """Return the value of a key, created if necessary, and mark it as used."""
        value = self._each.get(key)
        if value is None:
            value = self._each[key] = self._new()
            if len(self._each) > MOST_REMEMBERED:
                self._each.popitem(last=False)
        else:
            self._each.move_to_end(key)
        return value

    def __len__(self) -> int:
        return len(self._each)

    def __iter__(self) -> Iterator[tuple[K, V]]:
        """Iterate over keys and values, the least recently used first."""
        return iter(self._each.items())

    def restore(self, each: Iterable[tuple[K, V]]) -> None:
        """Replace all values by those that were kept, the least recently used first."""
        self._each = OrderedDict(each)
