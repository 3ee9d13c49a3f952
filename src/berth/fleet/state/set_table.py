"""Numbered sets: of the traits or the aggregates that providers have."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable
from typing import Final

import numpy as np

from berth.fleet.state.columns import Mask

EMPTY: Final = 0
"""The number of the empty set, which is always there."""


class SetTable:
    """Distinct sets of ids, each with a number. A set that has no users loses its number, which is used again.

    The hosts of a fleet have few distinct sets of traits: a predicate is evaluated once per set,
    then looked up for a million hosts in one operation.
    """

    __slots__ = ("_free", "_ids", "_own_members", "_users", "holding", "sets")

    def __init__(self) -> None:
        self.sets: list[frozenset[int]] = [frozenset()]
        self.holding: dict[int, set[int]] = {}
        self._ids: dict[frozenset[int], int] = {frozenset(): EMPTY}
        self._users = [0]
        self._free: list[int] = []
        self._own_members: set[int] = set()

    def __sizeof__(self) -> int:
        return sum(map(sys.getsizeof, (self.sets, self.holding, self._ids, self._users, self._free)))

    def copy(self) -> SetTable:
        """Return an independent copy. What `holding` has of a member is copied when it first changes."""
        copied = object.__new__(SetTable)
        copied.sets, copied.holding, copied._ids = self.sets.copy(), self.holding.copy(), self._ids.copy()
        copied._users, copied._free, copied._own_members = self._users.copy(), self._free.copy(), set()
        return copied

    def use(self, members: frozenset[int]) -> int:
        """Count one more user of a set, and return its number; a new set is numbered now."""
        number = self._ids.get(members)
        if number is None:
            number = self._ids[members] = self._new_number()
            self.sets[number] = members
            for member in members:
                self._holding_of(member).add(number)
        self._users[number] += 1
        return number

    def release(self, number: int) -> None:
        """Count one user less of a set, and forget it if that was the last one."""
        self._users[number] = max(0, self._users[number] - 1)
        if number == EMPTY or self._users[number]:
            return
        members = self.sets[number]
        del self._ids[members]
        for member in members:
            holding = self._holding_of(member)
            holding.discard(number)
            if not holding:
                del self.holding[member]
        self.sets[number] = frozenset()
        heapq.heappush(self._free, number)
        self._shorten()

    def having_any(self, members: Iterable[int]) -> Mask:
        """Return, by set number, whether the set contains at least one of these members."""
        found = np.zeros(len(self.sets), dtype=np.bool_)
        for member in members:
            holding = self.holding.get(member)
            if holding:
                found[list(holding)] = True
        return found

    def _new_number(self) -> int:
        while self._free:
            number = heapq.heappop(self._free)
            if number < len(self.sets) and not self._users[number]:  # the table may have been shortened since
                return number
        self.sets.append(frozenset())
        self._users.append(0)
        return len(self.sets) - 1

    def _holding_of(self, member: int) -> set[int]:
        """Return the numbers of the sets with a member, as a set that only this table has."""
        if member not in self._own_members or member not in self.holding:
            self.holding[member] = set(self.holding.get(member, ()))
            self._own_members.add(member)
        return self.holding[member]

    def _shorten(self) -> None:
        """Remove unused numbers at the end: every mask has the length of the table."""
        while len(self.sets) > 1 and not self._users[-1]:
            self.sets.pop()
            self._users.pop()
        if len(self._free) > 2 * len(self.sets):
            self._free = [number for number, users in enumerate(self._users) if number != EMPTY and not users]
