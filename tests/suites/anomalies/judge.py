"""Were all of the planted ones found, and nothing else?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from berth.ledger.audit.anomalies import Analysis
from berth.model.anomaly import Anomalies, Anomaly
from tests.suites.anomalies.activity import Fleet
from tests.suites.anomalies.planted import Plant, break_chain, plant_all
from tests.suites.anomalies.records import Log

LEARNING_DAYS = 7
"""The first week does not count: nothing can be said of it, so nothing wrong can be."""


@dataclass
class Verdict:
    """How one or many histories went. records, days: that were examined, days without the first week of each."""

    records: int = 0
    days: int = 0
    planted: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    false_days: int = 0
    found: int = 0

    def add(self, other: Verdict) -> None:
        self.records, self.days = self.records + other.records, self.days + other.days
        self.planted += other.planted
        self.missed += other.missed
        self.false += other.false
        self.false_days += other.false_days
        self.found += other.found

    def __str__(self) -> str:
        return (
            f"{self.records:,} records, {self.days:,} days; planted {sum(self.planted.values())}, missed "
            f"{len(self.missed)}; findings {self.found}, false {len(self.false)} "
            f"({len(self.false) / max(1, self.found):.2%} of findings, on {self.false_days / max(1, self.days):.2%} of "
            f"days, {len(self.false) / max(1, self.records):.5%} of records)"
        )


def history(seed: int, days: int, scale: float) -> tuple[Fleet, list[Plant]]:
    """A history with something of every kind planted."""
    fleet = Fleet(Log(seed), days, scale)
    fleet.plan()
    planted = plant_all(fleet)
    fleet.run()
    return fleet, [*planted, break_chain(fleet)]


def examined(fleet: Fleet) -> Anomalies:
    """What is found in it."""
    analysis = Analysis(whole=True)
    for stored in fleet.log.records():
        analysis.add(stored)
    analysis.set_totals(len(fleet.log.held), fleet.log.capacity())
    return analysis.anomalies()


def judged(seed: int, days: int, scale: float) -> Verdict:
    """One history."""
    fleet, planted = history(seed, days, scale)
    items = examined(fleet).items
    every = set().union(*(plant.records for plant in planted))
    false = [each for each in items if every.isdisjoint(each.records)]
    return Verdict(
        records=len(fleet.log.chain.rows),
        days=days - LEARNING_DAYS,
        planted=Counter(plant.kind.value for plant in planted),
        missed=[f"seed {seed}: {plant.kind} ({plant.way})" for plant in planted if not _found(plant, items)],
        false=[f"seed {seed}: {each.kind}: {each.why} {each.records[:3]}" for each in false],
        false_days=len({each.first_at // 86_400_000_000 for each in false}),
        found=len(items),
    )


def _found(plant: Plant, items: Iterable[Anomaly]) -> bool:
    return any(each.kind is plant.kind and not plant.records.isdisjoint(each.records) for each in items)
