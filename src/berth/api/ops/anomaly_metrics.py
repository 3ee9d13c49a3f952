"""Unusual activity in numbers."""

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
"""Findings count for a day after they ended: an alarm that nobody looked at is over then."""


class AnomalyMetrics(Collector):
    """What was found as metrics."""

    def __init__(self, found: Anomalies) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Every kind, also those of which there is nothing."""
        lately = self._found.within(time.time_ns() // 1000 - LATELY_S * 1_000_000, None)
        counts = Counter(each.kind for each in lately.items)
        family = GaugeMetricFamily(
            "berth_anomalies", "Findings of unusual activity that ended in the last 24 hours.", labels=("kind",)
        )
        for kind in AnomalyKind:
            family.add_metric((kind.value,), counts[kind])
        yield family
        examined = "Number of the last record of the audit log that was looked at for unusual activity."
        yield GaugeMetricFamily("berth_anomalies_record", examined, value=self._found.last)
