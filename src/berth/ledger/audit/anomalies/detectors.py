"""What is unusual: one function for each kind, from what is known and a record that was just taken in.

Each says of a record whether it is a part of something unusual. Records that belong together become one
finding (gathering.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from berth.ledger.audit.anomalies.baseline import (
    BURST_MINUTES,
    LEARNING_DAYS,
    MASS_MINUTES,
    Actor,
    Baseline,
    Level,
    Who,
    refused,
)
from berth.ledger.audit.anomalies.log_entry import LEFT_OUT, LogEntry, StockChange
from berth.ledger.audit.anomalies.rates import DAY_MINUTES, MEMORY_DAYS
from berth.model.anomaly import AnomalyKind
from berth.model.token import TokenRejection

FEWEST_REFUSALS: Final = 20
"""Two a minute: somebody who mistypes or whose token has just ended stays below, whoever guesses does not."""

TIMES_USUAL: Final = 4
"""So many times what is usual is unusual: counts of chance rarely double from day to day, retries triple them."""

LEARNED_ACTS: Final = 20
"""Whoever has done fewer things than this has no habits yet."""

MOST_MOVES: Final = 2
"""Whoever came from a new network on more days than this in four weeks is on the road: one more is no news."""

LEARNED_DAYS: Final = 10
"""Hours are habits after so many days with activity: within two weeks, for somebody who works five days of each."""

NEAR_HOURS: Final = 2
"""So near to an hour at which they act is no unusual hour: overtime, and summer time."""

FEWEST_RELEASED: Final = 20
"""Fewer consumers than this are a drained host, or a small job array."""

LARGE_SHARE: Final = 0.25
"""A quarter of all that was held: more than a rack, or a project, has in most fleets."""

TIMES_RELEASED: Final = 2
"""So many times what this actor releases at its busiest. Whoever cleans up each night does not do much more once."""

SHRUNK_SHARE: Final = 0.3
"""Three tenths of all that there was of a class: maintenance takes a rack or a zone away, not more at a time."""

FEWEST_SHRUNK: Final = 3
"""So many inventories at least: one or two providers are not a mass, unless they are most of what there is."""

FEWEST_CUSTOM: Final = 6
"""The same for a custom class: it may be that few have it, and those stand in one rack."""

MOST_SHARE: Final = 0.5
"""Half of a standard class is a mass even if one provider had it, such as a storage pool. So much has to go of a custom
class in any case."""

ENDED: Final = frozenset({TokenRejection.EXPIRED.value, TokenRejection.REVOKED.value, TokenRejection.REPLACED.value})


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss in relation to what there was, which may not be known yet.

    what: of what; lost: so much; level: how much there is; position: where that stood before; least: what part of
    it is unusual; why: in words, but for the part.
    """

    what: str
    lost: int
    level: Level
    position: int
    least: float
    why: str

    @property
    def there(self) -> int | None:
        """How much there was; None if that is not known yet."""
        return None if self.level.base is None else self.level.base + self.position

    @property
    def part(self) -> float | None:
        """The part of it that was lost, at most 1; None if that is not known yet."""
        return None if self.there is None else min(1.0, self.lost / max(1, self.there))


@dataclass(frozen=True, slots=True)
class Signal:
    """A record that is a part of something unusual.

    numbers: of it and of those that it makes unusual; about: what it is about, beside the actor; since: when the
    first of them was, in microseconds since 1970 UTC.
    """

    kind: AnomalyKind
    who: Who
    numbers: tuple[int, ...]
    why: str
    about: str = ""
    shares: tuple[Loss, ...] = ()
    since: int | None = None


def called(who: Who) -> str:
    """An actor, in a sentence."""
    via, name = who
    if not via:
        return f"somebody at {name}" if name else "somebody"
    return f"{name} ({via})" if name else f"a program ({via})"


def refusals(known: Baseline, entry: LogEntry) -> Signal | None:
    """Many refusals in a short time, by one actor or from one address; or of nobody, from many addresses."""
    if not entry.refusals:
        return None
    if entry.outcome == LEFT_OUT:
        why = f"so many refused attempts came that {entry.refusals} could not be written down"
        return Signal(AnomalyKind.REFUSALS, ("", ""), (entry.number,), why)
    who = refused(entry)
    rate = known.refusals.of(who)
    own, fleet = rate.middling(entry.day), known.usual.mean(entry.day)
    if _many(rate.total, own, fleet):
        why = f"{called(who)} was refused {rate.total} times within {BURST_MINUTES} minutes, last with {entry.outcome}"
        return Signal(
            AnomalyKind.REFUSALS, who, tuple(rate.numbers), f"{why}; {_usually(own, fleet)}", since=rate.since
        )
    if not entry.actor and _many(known.spread.total, known.spread.middling(entry.day), 0):
        why = f"nobody who is known was refused from {known.spread.total} addresses within {BURST_MINUTES} minutes"
        usual = f"usually it is from at most {known.spread.middling(entry.day):.0f}"
        return Signal(
            AnomalyKind.REFUSALS, ("", ""), tuple(known.spread.numbers), f"{why}; {usual}", since=known.spread.since
        )
    return None


def _many(count: int, own: float, fleet: float) -> bool:
    return count >= FEWEST_REFUSALS and count > TIMES_USUAL * max(own, fleet)


def _usually(own: float, fleet: float) -> str:
    return f"its busiest is usually {own:.0f}, that of others {fleet:.0f}"


def new_network(known: Baseline, entry: LogEntry) -> Signal | None:
    """A credential is used from a network that was never its own, by somebody who does not often move."""
    network = entry.network
    if not network or not (entry.known or entry.why == TokenRejection.ELSEWHERE):
        return None
    actor = known.actors.of(entry.who)
    habits = actor.habits
    if not _learned(actor, entry.day) or not habits.networks or network in habits.networks:
        return None
    if habits.moves > MOST_MOVES:
        return None
    why = f"{called(entry.who)} came from {entry.address}; for {MEMORY_DAYS} days it came from {_few(habits.networks)}"
    return Signal(AnomalyKind.NETWORK, entry.who, (entry.number,), why, network)


def _learned(actor: Actor, day: int) -> bool:
    return day - actor.habits.since >= LEARNING_DAYS and actor.habits.acts >= LEARNED_ACTS


def _few(networks: frozenset[str]) -> str:
    shown = sorted(networks)[:3]
    return ", ".join(shown) + (f" and {len(networks) - 3} more" if len(networks) > 3 else " only")


def unusual_hour(known: Baseline, entry: LogEntry) -> Signal | None:
    """An administrator acts at an hour, in UTC, at which they never do, nor near it."""
    if not entry.admin or not entry.known:
        return None
    actor = known.actors.of(entry.who)
    habits = actor.habits
    if habits.days < LEARNED_DAYS or not _learned(actor, entry.day) or _near(habits.hours, entry.hour):
        return None
    why = (
        f"{called(entry.who)} acted as an administrator at {entry.hour:02}:{entry.minute % 60:02} UTC; "
        f"on {habits.days} days it has acted at {_hours(habits.hours)} only"
    )
    return Signal(AnomalyKind.HOUR, entry.who, (entry.number,), why)


def _near(hours: int, hour: int) -> bool:
    return any(hours >> (hour + away) % 24 & 1 for away in range(-NEAR_HOURS, NEAR_HOURS + 1))


def _hours(hours: int) -> str:
    """Hours as spans: 07-18, 22."""
    spans: list[list[int]] = []
    for hour in (hour for hour in range(24) if hours >> hour & 1):
        if spans and spans[-1][1] == hour - 1:
            spans[-1][1] = hour
        else:
            spans.append([hour, hour])
    return ", ".join(f"{first:02}" if first == last else f"{first:02}-{last:02}" for first, last in spans)


def mass_release(known: Baseline, entry: LogEntry) -> Signal | None:
    """One actor ends a large part of all that is held, far more than it usually does."""
    if entry.held >= 0 or not _settled(known.held, entry):
        return None
    rate = known.actors.of(entry.who).unsettled
    usual = rate.second(entry.day)
    if rate.total < FEWEST_RELEASED or rate.total <= TIMES_RELEASED * usual:
        return None
    why = (
        f"{called(entry.who)} ended what {rate.total} consumers held within {MASS_MINUTES} minutes, "
        f"where its busiest is usually {max(usual, 0)}"
    )
    share = Loss("consumers", rate.total, known.held, rate.position, LARGE_SHARE, why)
    return Signal(AnomalyKind.RELEASE, entry.who, tuple(rate.numbers), why, shares=(share,), since=rate.since)


def inventory_shrink(known: Baseline, entry: LogEntry) -> Signal | None:
    """One actor takes a large part of a class away, from several providers or from the one that has most."""
    shares: list[Loss] = []
    for name, stock in entry.stock.items():
        if stock.shrunk and _settled(known.stock[name], entry):
            shares += _shrunk(known, entry, name, stock)
    if not shares:
        return None
    rate = known.actors.of(entry.who).shrinks.of(shares[0].what)
    return Signal(AnomalyKind.SHRINK, entry.who, tuple(rate.numbers), "", shares=tuple(shares), since=rate.since)


def _shrunk(known: Baseline, entry: LogEntry, name: str, stock: StockChange) -> Iterator[Loss]:
    rate = known.actors.of(entry.who).shrinks.of(name)
    if rate.total <= 0 or rate.total <= TIMES_RELEASED * rate.second(entry.day):
        return
    standard = not name.startswith("CUSTOM_")
    several = max(len(rate.numbers), stock.shrunk) >= (FEWEST_SHRUNK if standard else FEWEST_CUSTOM)
    if several or standard:
        least = SHRUNK_SHARE if several and standard else MOST_SHARE
        why = f"{called(entry.who)} took {rate.total:,} of {name} away within {MASS_MINUTES} minutes"
        yield Loss(name, rate.total, known.stock[name], rate.position, least, why)


def _settled(level: Level, entry: LogEntry) -> bool:
    """Whether there has been something for a day at least: who sets a fleet up and takes it down again is no news."""
    return level.since is not None and entry.minute - level.since >= DAY_MINUTES


def ended_token(known: Baseline, entry: LogEntry) -> Signal | None:  # noqa: ARG001 - they are all alike
    """Somebody shows a token that has expired, was revoked, or was replaced by another."""
    if entry.why not in ENDED or entry.outcome not in ("401", "429"):
        return None
    where = f" from {entry.address}" if entry.address else ""
    why = f"somebody showed the token of {entry.actor or 'somebody'}{where}, which is no good: {entry.why[:-1].lower()}"
    return Signal(AnomalyKind.CREDENTIAL, entry.who, (entry.number,), why, entry.why)


Detector = Callable[[Baseline, LogEntry], Signal | None]

DETECTORS: Final[tuple[Detector, ...]] = (
    refusals,
    ended_token,
    new_network,
    unusual_hour,
    mass_release,
    inventory_shrink,
)
"""Each kind, but for the broken chain, which is what verifying the log finds (auditing.py)."""
