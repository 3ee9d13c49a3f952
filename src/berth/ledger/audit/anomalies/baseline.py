"""What is known at a moment of the audit log: who acts when and from where, how much there was, what is frequent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from berth.ledger.audit.anomalies.log_entry import LogEntry
from berth.ledger.audit.anomalies.rates import MEMORY_DAYS, Rate, Recent

BURST_MINUTES: Final = 10
"""Refusals are counted over this long: a client that tries again and again does so within minutes."""

MASS_MINUTES: Final = 60
"""Releases and shrinks are counted over this long: whoever takes a fleet apart is done in an hour, a drain is not."""

LEARNING_DAYS: Final = 7
"""Nobody is known before a week of theirs has been seen: weekends are part of what is usual."""

CAPPED: Final = 20
"""More refusals than this in one burst do not count for what is usual in the fleet: one attack would hide the next."""

Who = tuple[str, str]
"""How somebody is known, and their name."""


@dataclass(slots=True)
class Day:
    """What one actor did in one day. hours: a bit for each in which they acted."""

    hours: int = 0
    acts: int = 0
    networks: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ActorProfile:
    """An actor's last four weeks without today. since: the first day of them; days: on which they acted."""

    since: int
    days: int = 0
    acts: int = 0
    hours: int = 0
    networks: frozenset[str] = frozenset()
    moves: int = 0
    """On how many days they came from a network that had not been theirs, after their first week."""


class Actor:
    """One of those who are known."""

    __slots__ = ("_days", "_today", "habits", "shrinks", "unsettled")

    def __init__(self) -> None:
        self._days: dict[int, Day] = {}
        self._today = -1
        self.habits = ActorProfile(0)
        self.unsettled = Rate(MASS_MINUTES)
        self.shrinks: Recent[str, Rate] = Recent(lambda: Rate(MASS_MINUTES))

    def settle(self, day: int) -> None:
        """A day begins: what was before it is a habit from now on."""
        if day <= self._today:
            return
        for old in [each for each in self._days if each < day - MEMORY_DAYS]:
            del self._days[old]
        self.habits, self._today = _habits(sorted(self._days.items()), day), day

    def act(self, entry: LogEntry) -> None:
        """They did this, for sure."""
        today = self._days.setdefault(self._today, Day())
        today.hours |= 1 << entry.hour
        today.acts += 1
        if entry.network:
            today.networks.add(entry.network)


def _habits(days: Iterable[tuple[int, Day]], today: int) -> ActorProfile:
    since, count, acts, hours, moves = today, 0, 0, 0, 0
    networks: set[str] = set()
    for day, done in days:
        since = min(since, day)
        count, acts, hours = count + 1, acts + done.acts, hours | done.hours
        moves += day >= since + LEARNING_DAYS and not done.networks <= networks
        networks |= done.networks
    return ActorProfile(since, count, acts, hours, frozenset(networks), moves)


class RefusalBaseline:
    """What refusals are like in the whole fleet: how many come together, at most, of one actor in one day."""

    def __init__(self) -> None:
        self._days: dict[int, tuple[int, int]] = {}
        self._counted: dict[int, dict[Who, int]] = {}

    def add(self, day: int, who: Who, height: int) -> None:
        """So many together just now."""
        height = min(height, CAPPED)
        if day not in self._counted:
            self._counted = {day: {}}
            self._days = {each: sums for each, sums in self._days.items() if each >= day - MEMORY_DAYS}
        before = self._counted[day].get(who, 0)
        if height > before:
            self._counted[day][who] = height
            total, count = self._days.get(day, (0, 0))
            self._days[day] = total + height - before, count + (before == 0)

    def mean(self, day: int) -> float:
        """Over the days before this one."""
        before = [sums for each, sums in self._days.items() if each < day]
        count = sum(count for _, count in before)
        return sum(total for total, _ in before) / count if count else 0


@dataclass(slots=True)
class Level:
    """How much there is of something, counted from where the records begin.

    since: the minute of the first; base: how much there was there, None until it is known.
    """

    position: int = 0
    since: int | None = None
    base: int | None = None


class Baseline:
    """All of that, and how it comes to be known."""

    def __init__(self) -> None:
        self.actors: Recent[Who, Actor] = Recent(Actor)
        self.refusals: Recent[Who, Rate] = Recent(lambda: Rate(BURST_MINUTES))
        self.spread = Rate(BURST_MINUTES)
        self.usual = RefusalBaseline()
        self.held = Level()
        self.stock: dict[str, Level] = {}
        self._there: Mapping[str, int] | None = None
        self._before: int | None = None
        """The minute of the first record, if there were others before it: what it is about was there already."""

    def begin(self, minute: int) -> None:
        """The records begin in the middle of the log."""
        self._before = self.held.since = minute

    def take(self, entry: LogEntry) -> None:
        """The next record. What it says of the present is known from now on, what it says of habits from tomorrow."""
        for old, new in entry.renamed.items():
            if old in self.stock:
                self.stock[new] = self.stock.pop(old)
        if entry.actor or entry.known:
            actor = self.actors.of(entry.who)
            actor.settle(entry.day)
            if entry.known:
                actor.act(entry)
            self._count_holdings(actor, entry)
        if entry.refusals:
            self._count_refusals(entry)

    def settle(self, consumers: int, capacity: Mapping[str, int]) -> None:
        """So much there is now: consumers that hold something, and capacity by class."""
        self._there = capacity
        self.held.base = consumers - self.held.position
        for name, level in self.stock.items():
            level.base = capacity.get(name, 0) - level.position

    def _level(self, name: str) -> Level:
        """How much there is of a class. One that nothing was said of before is as it was when that was looked at."""
        level = self.stock.get(name)
        if level is None:
            base = None if self._there is None else self._there.get(name, 0)
            level = self.stock[name] = Level(since=self._before, base=base)
        return level

    def _count_refusals(self, entry: LogEntry) -> None:
        who = refused(entry)
        rate = self.refusals.of(who)
        rate.add(entry.at, entry.refusals, entry.number)
        self.usual.add(entry.day, who, rate.total)
        if not entry.actor and rate.total == entry.refusals:  # each address counts once
            self.spread.add(entry.at, 1, entry.number)

    def _count_holdings(self, actor: Actor, entry: LogEntry) -> None:
        if entry.held:
            named = entry.number if entry.held < 0 else None
            actor.unsettled.add(entry.at, -entry.held, named, self.held.position)
            _move(self.held, entry.minute, entry.held)
        for name, stock in entry.stock.items():
            level = self._level(name)
            rate = actor.shrinks.of(name) if stock.shrunk else actor.shrinks.get(name)
            if rate is not None:
                named = entry.number if stock.shrunk else None
                rate.add(entry.at, -stock.capacity, named, level.position)
            _move(level, entry.minute, stock.capacity)


def _move(level: Level, minute: int, difference: int) -> None:
    if level.since is None:
        level.since = minute
    level.position += difference


def refused(entry: LogEntry) -> Who:
    """Who is refused: the actor where one is known, else the address."""
    return entry.who if entry.actor else ("", entry.address)
