"""Metrics of leases, and of the clock that ends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from berth.model.lease import LeaseState


class LeaseMetrics(Collector):
    """Leases by state. counts: None if the database has not answered since the process started.

    skew_s: by how much this process's clock is ahead of the database's, in seconds.
    """

    def __init__(self, counts: Mapping[LeaseState, int] | None, skew_s: float) -> None:
        self._counts, self._skew_s = counts, skew_s

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        skew = "How far this process's clock is ahead of the database's. Above 60 s, no lease ends."
        yield GaugeMetricFamily("berth_clock_skew_seconds", skew, value=self._skew_s)
        if self._counts is not None:
            leases = GaugeMetricFamily(
                "berth_leases", "Leases, including those that ended within the last week.", labels=("state",)
            )
            for state, count in self._counts.items():
                leases.add_metric((state.value,), count)
            yield leases
