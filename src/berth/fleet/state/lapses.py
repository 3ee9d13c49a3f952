"""Lapses: consumers whose claims count until an instant, in memory with their places."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

NEVER: Final = 2**63
"""An instant after all others."""

_SLACK: Final = 64
"""How many entries of the heap may be out of date, besides as many as are not."""

SlotClass = tuple[int, int]
"""The slot of a provider, and the number of a resource class."""


class Ending(NamedTuple):
    """Until when a consumer's claim counts, in microseconds since 1970 UTC, and what it has: amounts by place.

    pending: whether it has to be confirmed by then, or earlier than it ends.
    """

    due: int
    amounts: tuple[tuple[SlotClass, int], ...]
    pending: bool = False


class Lapses:
    """The consumers whose claims end or have to be confirmed, as of an instant.

    now: that instant; next_due: the next one at which something may lapse, NEVER if there is none; since: the last one
    at which something did; ahead: those that count; lapsed: those that count no more, in the order of their instants,
    until the log says so; amounts: what these have, by place; holds: how many are pending; pending: what they have.
    """

    __slots__ = ("_heap", "ahead", "amounts", "holds", "lapsed", "next_due", "now", "pending", "since")

    def __init__(self) -> None:
        self.now = self.since = self.holds = 0
        self.next_due = NEVER
        self.ahead: dict[str, Ending] = {}
        self.lapsed: dict[str, Ending] = {}
        self.amounts: dict[SlotClass, int] = {}
        self.pending: dict[SlotClass, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __sizeof__(self) -> int:
        return sum(map(sys.getsizeof, (self.ahead, self.lapsed, self.amounts, self.pending, self._heap)))

    def copy(self) -> Lapses:
        """Return an independent copy."""
        copied = Lapses()
        copied.now, copied.since, copied.next_due = self.now, self.since, self.next_due
        copied.ahead, copied.lapsed, copied.amounts = self.ahead.copy(), self.lapsed.copy(), self.amounts.copy()
        copied.holds, copied.pending, copied._heap = self.holds, self.pending.copy(), self._heap.copy()
        return copied

    @property
    def instant(self) -> int | None:
        """The instant at which rows have to be judged; None if nothing has lapsed that is in them."""
        return self.now if self.lapsed else None

    def put(self, consumer: str, ending: Ending | None) -> None:
        """Set until when a consumer's claim counts; None: it has no end, or the consumer has nothing any more."""
        before = self.ahead.pop(consumer, None)
        if before is not None and before.pending:
            self._add_hold(before, -1)
        lapsed = self.lapsed.pop(consumer, None)
        if lapsed is not None:
            _add(self.amounts, lapsed, -1)
        if ending is not None:
            self.ahead[consumer] = ending
            if ending.pending:
                self._add_hold(ending, 1)
            heapq.heappush(self._heap, (ending.due, consumer))
        if len(self._heap) > 2 * len(self.ahead) + _SLACK:
            self._heap = [(each.due, consumer) for consumer, each in self.ahead.items()]
            heapq.heapify(self._heap)
        self._note_next()

    def advance(self, now: int) -> Iterator[Ending]:
        """Go on to an instant, and yield what lapses by then."""
        self.now = max(self.now, now)
        while self._heap and self._heap[0][0] <= self.now:
            due, consumer = heapq.heappop(self._heap)
            ending = self.ahead.get(consumer)
            if ending is not None and ending.due == due:  # else it has another end by now
                self.lapsed[consumer] = self.ahead.pop(consumer)
                _add(self.amounts, ending, 1)
                if ending.pending:
                    self._add_hold(ending, -1)
                self.since = self.now
                yield ending
        self._note_next()

    def _note_next(self) -> None:
        self.next_due = self._heap[0][0] if self._heap else NEVER

    def _add_hold(self, hold: Ending, sign: int) -> None:
        self.holds += sign
        _add(self.pending, hold, sign)


def _add(amounts: dict[SlotClass, int], ending: Ending, sign: int) -> None:
    """Add what a consumer has to amounts by place, or take it off (sign: -1)."""
    for place, amount in ending.amounts:
        left = amounts.get(place, 0) + sign * amount
        if left:
            amounts[place] = left
        else:
            amounts.pop(place, None)
