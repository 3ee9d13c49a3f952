"""Metrics of the fleet: its size, and its use by resource class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from berth.model.overview import ClassOverview, Overview

MOST_CUSTOM: Final = 50
"""How many custom classes have metrics of their own: clients can create any number of classes."""

REST: Final = "CUSTOM_*"
"""The name of the sum of all other custom classes."""


class FleetMetrics(Collector):
    """An overview as metrics. overview: None if the database has not answered since the process started.

    damaged: how many entries of the change log this process has met and could not read; timed: how many holds are
    pending, and how many confirmed claims have an end.
    """

    def __init__(
        self, overview: Overview | None, *, answers: bool, damaged: int = 0, timed: tuple[int, int] = (0, 0)
    ) -> None:
        self._overview, self._answers, self._damaged, self._timed = overview, answers, damaged, timed

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        up = "Whether the database answered this request."
        yield GaugeMetricFamily("berth_database_up", up, value=float(self._answers))
        unreadable = "Entries of the change log that this process met and could not read."
        yield GaugeMetricFamily("berth_damaged_changes", unreadable, value=self._damaged)
        if self._overview is not None:
            yield from _metrics_of(self._overview)
            pending, ending = self._timed
            yield GaugeMetricFamily("berth_pending_claims", "Holds that are not confirmed yet.", value=pending)
            yield GaugeMetricFamily("berth_ending_claims", "Confirmed claims that have an end.", value=ending)


def _metrics_of(fleet: Overview) -> Iterator[Metric]:
    yield GaugeMetricFamily("berth_head", "Number of the last change.", value=fleet.head)
    yield GaugeMetricFamily("berth_providers", "Resource providers.", value=fleet.providers)
    yield GaugeMetricFamily("berth_trees", "Provider trees: hosts and stand-alone providers.", value=fleet.roots)
    classes = bounded(fleet.classes)
    yield _by_class("berth_capacity", "Amount that can be claimed.", ((each.name, each.capacity) for each in classes))
    yield _by_class("berth_reserved", "Amount that is reserved.", ((each.name, each.reserved) for each in classes))
    yield _by_class("berth_used", "Amount that is allocated.", ((each.name, each.used) for each in classes))


def _by_class(name: str, meaning: str, values: Iterable[tuple[str, int]]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=("resource_class",))
    for resource_class, value in values:
        family.add_metric((resource_class,), value)
    return family


def bounded(classes: Sequence[ClassOverview]) -> list[ClassOverview]:
    """Return the standard classes, the oldest custom ones, and one sum of all others."""
    standard = [each for each in classes if not each.name.startswith("CUSTOM_")]
    custom = [each for each in classes if each.name.startswith("CUSTOM_")]
    rest = custom[MOST_CUSTOM:]
    return [*standard, *custom[:MOST_CUSTOM], *([_sum(rest)] if rest else [])]


def _sum(classes: Sequence[ClassOverview]) -> ClassOverview:
    return ClassOverview(
        name=REST,
        providers=sum(each.providers for each in classes),
        total=sum(each.total for each in classes),
        reserved=sum(each.reserved for each in classes),
        capacity=sum(each.capacity for each in classes),
        used=sum(each.used for each in classes),
        largest_free=max(each.largest_free for each in classes),
        pending=sum(each.pending for each in classes),
    )
