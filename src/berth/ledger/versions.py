"""Versions of the fleet: readers keep the one that they began with, while newer ones are made."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from berth.fleet.state.apply import apply
from berth.fleet.state.fleet import Fleet
from berth.model.change import Change, Facts
from berth.model.errors import Unavailable
from berth.model.position import Position

MOST_OLD: Final = 8
"""How many old versions may be read at once: each may need as much memory as the fleet."""

MOST_IN_PLACE: Final = 500
"""How many facts are applied while readers wait to begin; more are applied to a fork."""

ENDS_KEPT: Final = 1024
"""How many positions are remembered, for answers of the database that this process has overtaken."""


class ChangeRejected(Exception):
    """A change does not fit the fleet: this process knows something wrong."""


class Version:
    """A fleet at one position. readers: how many threads read it; sound: whether the fleet is what was committed."""

    __slots__ = ("fleet", "position", "readers", "sound")

    def __init__(self, fleet: Fleet, position: Position, readers: int = 0) -> None:
        self.fleet, self.position, self.readers = fleet, position, readers
        self.sound = True


class Versions:
    """The current version of the fleet, and the old ones that are still read.

    A version that a thread has pinned does not change. The lock is held for moments only: to count readers, to replace
    the current version, and for a few changes to a version that has no readers.
    """

    def __init__(self, fleet: Fleet, position: Position) -> None:
        # Reentrant: the garbage collector may close a generator that reads a version, in a thread that holds the lock.
        self._lock = threading.RLock()
        self._freed = threading.Condition(self._lock)
        self._old: set[Version] = set()
        self._ends = deque([position], ENDS_KEPT)
        self.current = Version(fleet, position)

    # --- Readers ---

    def pin(self, wait_s: float) -> Version | None:
        """Return the current version, which does not change until `unpin`; None if it is not sound.

        Raises Unavailable if too many old versions are still read after `wait_s`.
        """
        with self._lock:
            if self.full and not self._freed.wait_for(lambda: not self.full, wait_s):
                raise Unavailable("too many long queries are under way: their results would not fit into memory")
            version = self.current
            if not version.sound:
                return None
            version.readers += 1
            return version

    @property
    def full(self) -> bool:
        """Whether a new reader would have to wait for others to end."""
        return len(self._old) >= MOST_OLD and not self.current.readers

    def unpin(self, version: Version) -> None:
        """End one reader's use of a version."""
        with self._lock:
            self._unpin(version)

    def repin(self, version: Version, up_to: Position) -> Version:
        """Return the current version, pinned instead of this one, unless it is newer than a position."""
        with self._lock:
            if self.current.position.audit_number > up_to.audit_number or not self.current.sound:
                return version
            self.current.readers += 1
            self._unpin(version)
            return self.current

    def has_been_at(self, position: Position, since: Position) -> bool:
        """Whether a position was the current one at some time after `since` was, or is."""
        if position == self.current.position:
            return True
        oldest = max(position.audit_number, since.audit_number)
        later = takewhile(lambda end: end.audit_number >= oldest, reversed(self._ends.copy()))
        return position.audit_number >= since.audit_number and position in later

    def read_memory(self) -> tuple[int, int]:
        """Return how many old versions are read, and the bytes that only they use."""
        with self._lock:
            seen = set[int]()
            self.current.fleet.unshared_bytes(seen)
            old = list(self._old)
            return len(old), sum(version.fleet.unshared_bytes(seen) for version in old)

    # --- Changes ---

    def hold(self) -> Version:
        """Return the current version, pinned to be changed: without waiting, and even if it is not sound."""
        with self._lock:
            self.current.readers += 1
            return self.current

    def distrust(self) -> None:
        """Note that the current version is not what was committed: no reader gets it any more."""
        with self._lock:  # not while another thread changes it in place, which ends with a sound one
            self.current.sound = False

    def advance(self, version: Version, changes: Iterable[Change], to: Position, *, in_place: bool) -> Version:
        """Apply the changes up to a position to a version that this thread has pinned; return it, pinned.

        in_place: if no other thread reads it, the version itself is changed. Otherwise a fork is, which becomes the
        current version, unless another one has: then it belongs to this thread alone. Raises ChangeRejected.
        """
        if in_place and self._change(version, changes, to):
            return version
        fleet = version.fleet.fork()
        _apply_all(fleet, changes)
        return self.replace(version, fleet, to)

    def lapse(self, version: Version, now: int) -> Version:
        """Advance a version that this thread has pinned to an instant; return it, pinned.

        As with changes, a fork is returned if other threads read it, or if it is no longer current: the one that
        followed may share its parts. now: in microseconds since 1970 UTC.
        """
        with self._lock:
            if self.current is version and version.readers == 1 and version.sound:
                version.sound = False
                version.fleet.advance(now)
                version.sound = True
                return version
        fleet = version.fleet.fork()
        fleet.advance(now)
        return self.replace(version, fleet, version.position)

    def replace(self, version: Version, fleet: Fleet, position: Position, *, another_history: bool = False) -> Version:
        """Return a new version, pinned instead of this one. It becomes the current one, unless another has."""
        new = Version(fleet, position, readers=1)
        with self._lock:
            if self.current is version:
                self.current = new
                self._old.add(version)
                if another_history:
                    self._ends.clear()
                self._ends.append(position)
            else:
                self._old.add(new)
            self._unpin(version)
        return new

    def _change(self, version: Version, changes: Iterable[Change], to: Position) -> bool:
        """Change the current version in place. Return False if it has other readers, or is no longer current."""
        with self._lock:
            if self.current is not version or version.readers > 1:
                return False
            version.sound = False  # until all is applied: this thread may be interrupted at any point
            _apply_all(version.fleet, changes)
            version.position = to
            self._ends.append(to)
            version.sound = True
            return True

    def _unpin(self, version: Version) -> None:
        version.readers -= 1
        if not version.readers and version in self._old:
            self._old.discard(version)
            self._freed.notify_all()


def is_small(changes: Sequence[Change]) -> bool:
    """Whether changes are few enough to be applied while readers wait."""
    return sum(_weight(change.facts) for change in changes) <= MOST_IN_PLACE


def _weight(facts: Facts) -> int:
    by_provider = len(facts.inventories) + len(facts.traits) + len(facts.aggregates)
    return by_provider + len(facts.names) + len(facts.providers) + len(facts.used) + len(facts.generations)


def _apply_all(fleet: Fleet, changes: Iterable[Change]) -> None:
    for change in changes:
        try:
            apply(fleet, change)
        except Exception as error:
            raise ChangeRejected(f"change {change.number} does not fit what this process knows") from error
