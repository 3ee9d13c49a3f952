"""Metrics of versions and histories: read at most once a second, however much is done."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from berth.api.ops.version_metrics import PAUSE_S, VersionMetrics


def test_what_is_counted() -> None:
    now, registry, reads = [100.0], CollectorRegistry(), list[int]()
    metrics = VersionMetrics(registry, lambda: now[0])

    def read_memory() -> tuple[int, int]:
        reads.append(1)
        return len(reads), 1000 * len(reads)

    metrics.read_memory = read_memory
    for report in (lambda: metrics.committed([], 0, 1), lambda: metrics.followed(1, 1, 0)):
        report()
        report()
        now[0] += PAUSE_S
    metrics.read_figures()
    metrics.forked()
    names = ("berth_fleet_versions_read", "berth_fleet_versions_bytes", "berth_history_forks_total")
    assert [registry.get_sample_value(name) for name in names] == [3, 3000, 1]
