"""Metrics of unusual activity."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from berth.model.anomaly import Anomalies, AnomalyKind

LATELY_S: Final = 86_400
"""Findings count for a day after they ended, so that an alarm ends automatically."""


class AnomalyMetrics(Collector):
    """The findings as metrics. end: the number of the last audit record, as this process knows it."""

    def __init__(self, found: Anomalies, end: int) -> None:
        self._found, self._end = found, end

    def collect(self) -> Iterator[Metric]:
        """Yield the number of findings of every kind, zero included."""
        lately = self._found.within(time.time_ns() // 1000 - LATELY_S * 1_000_000, None)
        counts = Counter(each.kind for each in lately.items)
        family = GaugeMetricFamily(
            "berth_anomalies", "Findings of unusual activity that ended in the last 24 hours.", labels=("kind",)
        )
        for kind in AnomalyKind:
            family.add_metric((kind.value,), counts[kind])
        yield family
        examined = "Number of the last audit record that was examined for unusual activity."
        yield GaugeMetricFamily("berth_anomalies_record", examined, value=self._found.last)
        behind = "Number of audit records that are still to be examined for unusual activity."
        yield GaugeMetricFamily("berth_anomalies_lag", behind, value=max(0, self._end - self._found.last))
