"""Metrics of projects: how much each holds now. Off unless `metrics_projects` says of how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from berth.api.ops.fleet_metrics import REST, bounded
from berth.model.consumer import ProjectPage
from berth.model.overview import Overview

OTHER: Final = "other"
"""The name of the sum of all other projects."""


class ProjectMetrics(Collector):
    """What projects hold, by class. Labels are bounded: those of one page, and the classes of the fleet's metrics.

    page: the first projects by name; fleet: of about the same time, from which the sum of all others is known.
    """

    def __init__(self, page: ProjectPage, fleet: Overview) -> None:
        self._page, self._fleet = page, fleet

    def collect(self) -> Iterator[Metric]:
        """Yield one metric."""
        family = GaugeMetricFamily(
            "berth_project_used", "Amount that a project holds.", labels=("project", "resource_class")
        )
        for (project, name), amount in sorted(self._amounts().items()):
            family.add_metric((project, name), amount)
        yield family

    def _amounts(self) -> Counter[tuple[str, str]]:
        classes = bounded(self._fleet.classes)
        known, amounts = {each.name for each in classes}, Counter[tuple[str, str]]()
        for each in self._page.items:
            for name, amount in each.resources.items():
                amounts[each.project, name if name in known else REST] += amount
        if self._page.next is not None:
            for of in classes:
                shown = sum(amount for (_, name), amount in amounts.items() if name == of.name)
                amounts[OTHER, of.name] += max(0, of.used - shown)
        return amounts
