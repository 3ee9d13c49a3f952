"""The learned baseline: when and from where each actor acts, how much is held, how frequent refusals are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from berth.ledger.audit.anomalies.log_entry import LogEntry
from berth.ledger.audit.anomalies.rates import MEMORY_DAYS, MOST_REMEMBERED, Rate, RateState, Recent

BURST_MINUTES: Final = 10
"""The window for refusals: a client that retries does so within minutes."""

MASS_MINUTES: Final = 60
"""The window for releases and shrinks: dismantling a fleet takes less than an hour, draining it takes longer."""

LEARNING_DAYS: Final = 7
"""An actor has no profile in its first week: weekends are part of what is usual."""

CAPPED: Final = 20
"""At most this many refusals of a burst count towards the fleet's mean: otherwise one attack would hide the next."""

MOST_NETWORKS: Final = 100
"""How many networks of an actor are remembered for a day: one that has more travels."""

Who = tuple[str, str]
"""How an actor was authenticated, and the actor's name."""


class Day(msgspec.Struct, array_like=True):
    """One day of an actor. hours: a bit for each hour with activity; acts: how many."""

    hours: int = 0
    acts: int = 0
    networks: set[str] = msgspec.field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ActorProfile:
    """The last four weeks of an actor, without today. since: the first day; days: how many had activity."""

    since: int
    days: int = 0
    acts: int = 0
    hours: int = 0
    networks: frozenset[str] = frozenset()
    moves: int = 0
    """On how many days, after the first week, the actor came from a new network."""


class ActorState(msgspec.Struct, array_like=True):
    """What is kept of an actor."""

    days: dict[int, Day]
    today: int
    releases: RateState
    shrinks: list[tuple[str, RateState]]


class Actor:
    """An actor: its days, and the profile that they make."""

    __slots__ = ("_days", "_today", "profile", "releases", "shrinks")

    def __init__(self) -> None:
        self._days: dict[int, Day] = {}
        self._today = -1
        self.profile = ActorProfile(0)
        self.releases = Rate(MASS_MINUTES)
        self.shrinks: Recent[str, Rate] = Recent(lambda: Rate(MASS_MINUTES))

    @property
    def state(self) -> ActorState:
        """What to keep of it."""
        return ActorState(
            self._days, self._today, self.releases.state, [(name, rate.state) for name, rate in self.shrinks]
        )

    @classmethod
    def restored(cls, state: ActorState) -> Self:
        """Return the actor that was kept."""
        actor = cls()
        actor._days, actor._today = state.days, state.today
        before = sorted((day, done) for day, done in state.days.items() if day < state.today)
        actor.profile = _profile_of(before, state.today)
        actor.releases = Rate.restored(MASS_MINUTES, state.releases)
        actor.shrinks.restore((name, Rate.restored(MASS_MINUTES, rate)) for name, rate in state.shrinks)
        return actor

    def start_day(self, day: int) -> None:
        """Start a day, if it is new: the days before it become the profile."""
        if day <= self._today:
            return
        for old in [each for each in self._days if each < day - MEMORY_DAYS]:
            del self._days[old]
        self.profile, self._today = _profile_of(sorted(self._days.items()), day), day

    def record(self, entry: LogEntry) -> None:
        """Record an entry that is certainly the actor's."""
        today = self._days.setdefault(self._today, Day())
        today.hours |= 1 << entry.hour
        today.acts += 1
        if entry.network and len(today.networks) < MOST_NETWORKS:
            today.networks.add(entry.network)


def _profile_of(days: Iterable[tuple[int, Day]], today: int) -> ActorProfile:
    since, count, acts, hours, moves = today, 0, 0, 0, 0
    networks: set[str] = set()
    for day, done in days:
        since = min(since, day)
        count, acts, hours = count + 1, acts + done.acts, hours | done.hours
        moves += day >= since + LEARNING_DAYS and not done.networks <= networks
        networks |= done.networks
    return ActorProfile(since, count, acts, hours, frozenset(networks), moves)


class RefusalState(msgspec.Struct, array_like=True):
    """Sums of heights, and numbers of actors, by day; and the heights of today's actors."""

    days: dict[int, tuple[int, int]]
    today: int
    counted: dict[Who, int]


class RefusalBaseline:
    """The fleet's usual refusals: the mean, over actors and days, of an actor's largest burst in a day."""

    def __init__(self, state: RefusalState | None = None) -> None:
        self.state = state or RefusalState({}, -1, {})

    def add(self, day: int, who: Who, height: int) -> None:
        """Record the present height of an actor's burst. Beyond the most actors of a day, further ones do not count."""
        height, state = min(height, CAPPED), self.state
        if day != state.today:
            state.today, state.counted = day, {}
            state.days = {each: sums for each, sums in state.days.items() if each >= day - MEMORY_DAYS}
        before = state.counted.get(who, 0)
        if height > before and (before or len(state.counted) < MOST_REMEMBERED):
            state.counted[who] = height
            total, count = state.days.get(day, (0, 0))
            state.days[day] = total + height - before, count + (before == 0)

    def mean(self, day: int) -> float:
        """Return the mean over the days before this one."""
        before = [sums for each, sums in self.state.days.items() if each < day]
        count = sum(count for _, count in before)
        return sum(total for total, _ in before) / count if count else 0


class Level(msgspec.Struct, array_like=True):
    """An amount, counted from the first record.

    since: the minute of that record; base: the amount before it, None until known.
    """

    position: int = 0
    since: int | None = None
    base: int | None = None


class LevelTable:
    """Levels by number: findings refer to the same ones as the baseline."""

    def __init__(self, levels: Sequence[Level] = ()) -> None:
        self.levels = list(levels)
        self._numbers: dict[int, int] = {}

    def number(self, level: Level) -> int:
        """Return the number of a level, which is added if it is new."""
        number = self._numbers.setdefault(id(level), len(self.levels))
        if number == len(self.levels):
            self.levels.append(level)
        return number


class BaselineState(msgspec.Struct, array_like=True):
    """What is kept of a baseline. Levels by their numbers in a table."""

    actors: list[tuple[Who, ActorState]]
    refusals: list[tuple[Who, RateState]]
    refused_addresses: RateState
    fleet_refusals: RefusalState
    held: int
    stock: dict[str, int]
    capacity: dict[str, int] | None
    first_minute: int | None


class Baseline:
    """Everything that is learned from the log so far."""

    def __init__(self) -> None:
        self.actors: Recent[Who, Actor] = Recent(Actor)
        self.refusals: Recent[Who, Rate] = Recent(lambda: Rate(BURST_MINUTES))
        self.refused_addresses = Rate(BURST_MINUTES)
        self.fleet_refusals = RefusalBaseline()
        self.held = Level()
        self.stock: dict[str, Level] = {}
        self._capacity: Mapping[str, int] | None = None
        self._first_minute: int | None = None
        """The minute of the first record, if earlier ones exist: what it is about existed before it."""

    def state(self, levels: LevelTable) -> BaselineState:
        """Return what to keep of it. levels: where its levels get their numbers."""
        return BaselineState(
            actors=[(who, actor.state) for who, actor in self.actors],
            refusals=[(who, rate.state) for who, rate in self.refusals],
            refused_addresses=self.refused_addresses.state,
            fleet_refusals=self.fleet_refusals.state,
            held=levels.number(self.held),
            stock={name: levels.number(level) for name, level in self.stock.items()},
            capacity=None if self._capacity is None else dict(self._capacity),
            first_minute=self._first_minute,
        )

    @classmethod
    def restored(cls, state: BaselineState, levels: LevelTable) -> Self:
        """Return the baseline that was kept."""
        baseline = cls()
        baseline.actors.restore((who, Actor.restored(actor)) for who, actor in state.actors)
        baseline.refusals.restore((who, Rate.restored(BURST_MINUTES, rate)) for who, rate in state.refusals)
        baseline.refused_addresses = Rate.restored(BURST_MINUTES, state.refused_addresses)
        baseline.fleet_refusals = RefusalBaseline(state.fleet_refusals)
        baseline.held = levels.levels[state.held]
        baseline.stock = {name: levels.levels[number] for name, number in state.stock.items()}
        baseline._capacity, baseline._first_minute = state.capacity, state.first_minute
        return baseline

    def start_at(self, minute: int) -> None:
        """Note that the records begin in the middle of the log."""
        self._first_minute = self.held.since = minute

    def add(self, entry: LogEntry) -> None:
        """Learn from the next record: amounts at once, the actor's profile from the next day on."""
        for old, new in entry.renamed.items():
            if old in self.stock:
                self.stock[new] = self.stock.pop(old)
        if entry.actor or entry.authenticated:
            actor = self.actors.get_or_create(entry.who)
            actor.start_day(entry.day)
            if entry.authenticated:
                actor.record(entry)
            self._count_holdings(actor, entry)
        if entry.refusals:
            self._count_refusals(entry)

    def set_totals(self, consumers: int, capacity: Mapping[str, int]) -> None:
        """Set the present totals: consumers that hold something, and capacity by class."""
        self._capacity = capacity
        self.held.base = consumers - self.held.position
        for name, level in self.stock.items():
            level.base = capacity.get(name, 0) - level.position

    def _level(self, name: str) -> Level:
        """Return the level of a class. One without earlier records has the capacity of the last totals."""
        level = self.stock.get(name)
        if level is None:
            base = None if self._capacity is None else self._capacity.get(name, 0)
            level = self.stock[name] = Level(since=self._first_minute, base=base)
        return level

    def _count_refusals(self, entry: LogEntry) -> None:
        who = refused_actor(entry)
        rate = self.refusals.get_or_create(who)
        rate.add(entry.at, entry.refusals, entry.number)
        self.fleet_refusals.add(entry.day, who, rate.total)
        if not entry.actor and rate.total == entry.refusals:  # each address counts once
            self.refused_addresses.add(entry.at, 1, entry.number)

    def _count_holdings(self, actor: Actor, entry: LogEntry) -> None:
        if entry.held:
            named = entry.number if entry.held < 0 else None
            actor.releases.add(entry.at, -entry.held, named, self.held.position)
            _move(self.held, entry.minute, entry.held)
        for name, stock in entry.stock.items():
            level = self._level(name)
            rate = actor.shrinks.get_or_create(name) if stock.shrunk else actor.shrinks.get(name)
            if rate is not None:
                named = entry.number if stock.shrunk else None
                rate.add(entry.at, -stock.capacity, named, level.position)
            _move(level, entry.minute, stock.capacity)


def _move(level: Level, minute: int, difference: int) -> None:
    if level.since is None:
        level.since = minute
    level.position += difference


def refused_actor(entry: LogEntry) -> Who:
    """Return who was refused: the actor if there is one, else the address."""
    return entry.who if entry.actor else ("", entry.address)
