"""Detectors: one function for each kind of unusual activity.

Each returns a signal if the newest record, compared with the baseline, is part of something unusual. Signals that
belong together become one finding (findings.py).
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
    refused_actor,
)
from berth.ledger.audit.anomalies.log_entry import LEFT_OUT, LogEntry, StockChange
from berth.ledger.audit.anomalies.rates import DAY_MINUTES, MEMORY_DAYS
from berth.model.anomaly import AnomalyKind
from berth.model.plural import plural
from berth.model.token import TokenRejection

FEWEST_REFUSALS: Final = 20
"""Two a minute: a mistyped or expired token stays below, guessing does not."""

TIMES_USUAL: Final = 4
"""How many times the usual is unusual: random counts rarely double from day to day, retries triple them."""

LEARNED_ACTS: Final = 20
"""An actor with fewer actions than this has no profile yet."""

MOST_MOVES: Final = 2
"""An actor that came from new networks on more days than this in four weeks travels: one more is no news."""

LEARNED_DAYS: Final = 10
"""How many days with activity make usual hours: two weeks, at five days a week."""

NEAR_HOURS: Final = 2
"""How far from a usual hour is still usual: overtime, and summer time."""

FEWEST_RELEASED: Final = 20
"""Fewer consumers than this are a drained host or a small job array."""

LARGE_SHARE: Final = 0.25
"""A quarter of all that was held: more than a rack or a project has in most fleets."""

TIMES_RELEASED: Final = 2
"""How many times the actor's busiest release: a nightly clean-up varies less."""

SHRUNK_SHARE: Final = 0.3
"""Three tenths of a class's capacity: maintenance removes a rack or a zone at a time, not more."""

FEWEST_SHRUNK: Final = 3
"""How many inventories at least: one or two providers are not a mass, unless they have most of the capacity."""

FEWEST_CUSTOM: Final = 6
"""How many inventories of a custom class at least: few providers may have it, all in one rack."""

MOST_SHARE: Final = 0.5
"""Half of a standard class is a mass even if one provider had it, such as a storage pool. Of a custom class at least
this much must be lost in any case."""

ENDED: Final = frozenset({TokenRejection.EXPIRED.value, TokenRejection.REVOKED.value, TokenRejection.REPLACED.value})


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss in relation to the total, which may not be known yet.

    what: the class, or consumers; lost: the amount; level: what it is a part of; position: that level's one before;
    least: which share is unusual; why: a sentence without the share.
    """

    what: str
    lost: int
    level: Level
    position: int
    least: float
    why: str

    @property
    def total(self) -> int | None:
        """The total before the loss; None if not known yet."""
        return None if self.level.base is None else self.level.base + self.position

    @property
    def share(self) -> float | None:
        """The lost share of the total, at most 1; None if not known yet."""
        return None if self.total is None else min(1.0, self.lost / max(1, self.total))


@dataclass(frozen=True, slots=True)
class Signal:
    """A record that is part of something unusual.

    numbers: of the record and of those that it makes unusual; about: what distinguishes it, beside the actor; since:
    the time of the first of them, in microseconds since 1970 UTC.
    """

    kind: AnomalyKind
    who: Who
    numbers: tuple[int, ...]
    why: str
    about: str = ""
    losses: tuple[Loss, ...] = ()
    since: int | None = None


def text_of(who: Who) -> str:
    """Return how an actor is called in a sentence."""
    via, name = who
    if not via:
        return f"an unknown caller at {name}" if name else "an unknown caller"
    return f"{name} ({via})" if name else f"a program ({via})"


def refusals(baseline: Baseline, entry: LogEntry) -> Signal | None:
    """Detect many refusals in a short time: of one actor or address, or of unknown callers from many addresses."""
    if not entry.refusals:
        return None
    if entry.outcome == LEFT_OUT:
        left_out = plural(entry.refusals, "was", "were")
        why = f"refused attempts arrived faster than they could be written: {left_out} left out"
        return Signal(AnomalyKind.REFUSALS, ("", ""), (entry.number,), why)
    who = refused_actor(entry)
    rate = baseline.refusals.get_or_create(who)
    own, fleet = rate.median_peak(entry.day), baseline.fleet_refusals.mean(entry.day)
    if _is_many(rate.total, own, fleet):
        times = plural(rate.total, "time")
        why = f"{text_of(who)} was refused {times} within {BURST_MINUTES} minutes, last with {entry.outcome}"
        return Signal(
            AnomalyKind.REFUSALS, who, tuple(rate.numbers), f"{why}; {_describe_usual(own, fleet)}", since=rate.since
        )
    addresses = baseline.refused_addresses
    if not entry.actor and _is_many(addresses.total, addresses.median_peak(entry.day), 0):
        refused = plural(addresses.total, "address", "addresses")
        why = f"unknown callers were refused from {refused} within {BURST_MINUTES} minutes"
        usual = f"usually from at most {addresses.median_peak(entry.day):.0f}"
        return Signal(
            AnomalyKind.REFUSALS, ("", ""), tuple(addresses.numbers), f"{why}; {usual}", since=addresses.since
        )
    return None


def _is_many(count: int, own: float, fleet: float) -> bool:
    return count >= FEWEST_REFUSALS and count > TIMES_USUAL * max(own, fleet)


def _describe_usual(own: float, fleet: float) -> str:
    return f"usually at most {own:.0f}, others at most {fleet:.0f}"


def new_network(baseline: Baseline, entry: LogEntry) -> Signal | None:
    """Detect the use of a credential from a new network, by an actor that seldom changes networks."""
    network = entry.network
    if not network or not (entry.authenticated or entry.why == TokenRejection.ELSEWHERE):
        return None
    actor = baseline.actors.get_or_create(entry.who)
    profile = actor.profile
    if not _has_profile(actor, entry.day) or not profile.networks or network in profile.networks:
        return None
    if profile.moves > MOST_MOVES:
        return None
    usual = f"in the {MEMORY_DAYS} days before from {_some(profile.networks)}"
    why = f"{text_of(entry.who)} came from {entry.address}; {usual}"
    return Signal(AnomalyKind.NETWORK, entry.who, (entry.number,), why, network)


def _has_profile(actor: Actor, day: int) -> bool:
    return day - actor.profile.since >= LEARNING_DAYS and actor.profile.acts >= LEARNED_ACTS


def _some(networks: frozenset[str]) -> str:
    shown = sorted(networks)[:3]
    return ", ".join(shown) + (f" and {len(networks) - 3} more" if len(networks) > 3 else " only")


def unusual_hour(baseline: Baseline, entry: LogEntry) -> Signal | None:
    """Detect an administrator who acts at an hour, in UTC, that is not near any of their usual ones."""
    if not entry.admin or not entry.authenticated:
        return None
    actor = baseline.actors.get_or_create(entry.who)
    profile = actor.profile
    if profile.days < LEARNED_DAYS or not _has_profile(actor, entry.day) or _is_near(profile.hours, entry.hour):
        return None
    why = (
        f"{text_of(entry.who)} acted as an administrator at {entry.hour:02}:{entry.minute % 60:02} UTC; "
        f"on {plural(profile.days, 'other day')} it acted only at {_describe_hours(profile.hours)}"
    )
    return Signal(AnomalyKind.HOUR, entry.who, (entry.number,), why)


def _is_near(hours: int, hour: int) -> bool:
    return any(hours >> (hour + distance) % 24 & 1 for distance in range(-NEAR_HOURS, NEAR_HOURS + 1))


def _describe_hours(hours: int) -> str:
    """Return hours as spans, such as 07-18, 22."""
    spans: list[list[int]] = []
    for hour in (hour for hour in range(24) if hours >> hour & 1):
        if spans and spans[-1][1] == hour - 1:
            spans[-1][1] = hour
        else:
            spans.append([hour, hour])
    return ", ".join(f"{first:02}" if first == last else f"{first:02}-{last:02}" for first, last in spans)


def mass_release(baseline: Baseline, entry: LogEntry) -> Signal | None:
    """Detect an actor that ends a large part of all that is held, far more than it usually does."""
    if entry.held >= 0 or entry.swept or not _has_lasted(baseline.held, entry):
        return None
    rate = baseline.actors.get_or_create(entry.who).releases
    usual = rate.second_peak(entry.day)
    if rate.total < FEWEST_RELEASED or rate.total <= TIMES_RELEASED * usual:
        return None
    ended = plural(rate.total, "consumer")
    why = f"{text_of(entry.who)} released {ended} within {MASS_MINUTES} minutes (usually at most {max(usual, 0):,})"
    loss = Loss("consumers", rate.total, baseline.held, rate.position, LARGE_SHARE, why)
    return Signal(AnomalyKind.RELEASE, entry.who, tuple(rate.numbers), why, losses=(loss,), since=rate.since)


def inventory_shrink(baseline: Baseline, entry: LogEntry) -> Signal | None:
    """Detect an actor that removes a large part of a class, from several providers or from the one that has most."""
    losses: list[Loss] = []
    for name, stock in entry.stock.items():
        if stock.shrunk and _has_lasted(baseline.stock[name], entry):
            losses += _losses_of(baseline, entry, name, stock)
    if not losses:
        return None
    rate = baseline.actors.get_or_create(entry.who).shrinks.get_or_create(losses[0].what)
    return Signal(AnomalyKind.SHRINK, entry.who, tuple(rate.numbers), "", losses=tuple(losses), since=rate.since)


def _losses_of(baseline: Baseline, entry: LogEntry, name: str, stock: StockChange) -> Iterator[Loss]:
    rate = baseline.actors.get_or_create(entry.who).shrinks.get_or_create(name)
    if rate.total <= 0 or rate.total <= TIMES_RELEASED * rate.second_peak(entry.day):
        return
    standard = not name.startswith("CUSTOM_")
    several = max(len(rate.numbers), stock.shrunk) >= (FEWEST_SHRUNK if standard else FEWEST_CUSTOM)
    if several or standard:
        least = SHRUNK_SHARE if several and standard else MOST_SHARE
        why = f"{text_of(entry.who)} removed {rate.total:,} of {name} within {MASS_MINUTES} minutes"
        yield Loss(name, rate.total, baseline.stock[name], rate.position, least, why)


def _has_lasted(level: Level, entry: LogEntry) -> bool:
    """Whether the level has existed for a day: a fleet that is set up and removed again is no news."""
    return level.since is not None and entry.minute - level.since >= DAY_MINUTES


def ended_token(baseline: Baseline, entry: LogEntry) -> Signal | None:  # noqa: ARG001 - every detector has this signature
    """Detect the use of a token that has expired, was revoked or was replaced."""
    if entry.why not in ENDED or entry.outcome not in ("401", "429"):
        return None
    where = f" from {entry.address}" if entry.address else ""
    why = (
        f"the token of {entry.actor or 'an unknown actor'} was used{where}, but is not valid: {entry.why[:-1].lower()}"
    )
    return Signal(AnomalyKind.CREDENTIAL, entry.who, (entry.number,), why, entry.why)


def leases_silent(baseline: Baseline, entry: LogEntry) -> Signal | None:  # noqa: ARG001 - every detector has this signature
    """Detect that more leases are silent than hosts die at once: the ledger has noted that it ends only some."""
    if not (entry.swept and entry.why):
        return None
    return Signal(AnomalyKind.SILENT, entry.who, (entry.number,), entry.why)


Detector = Callable[[Baseline, LogEntry], Signal | None]

DETECTORS: Final[tuple[Detector, ...]] = (
    refusals,
    ended_token,
    new_network,
    unusual_hour,
    mass_release,
    inventory_shrink,
    leases_silent,
)
"""Every kind except the broken chain, which verification finds (chain.py)."""
