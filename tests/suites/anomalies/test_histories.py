"""On made-up histories every planted case is found, and next to nothing else."""

from __future__ import annotations

import pytest

from berth.model.anomaly import AnomalyKind
from tests.suites.anomalies.activity import Fleet
from tests.suites.anomalies.judge import Verdict, examined, judged
from tests.suites.anomalies.planted import WAYS, Plant
from tests.suites.anomalies.records import DAY, START, Log

SEEDS = range(6)
DAYS = 44


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    total = Verdict()
    for seed in SEEDS:
        total.add(judged(seed, DAYS, 0.6))
    return total


def test_every_planted_one_is_found(verdict: Verdict) -> None:
    assert verdict.missed == []
    kinds = set(AnomalyKind) - {AnomalyKind.SILENT}  # that is noted by the ledger itself
    assert verdict.planted == {kind.value: len(SEEDS) for kind in kinds}


def test_false_alarms_are_fewer_than_one_in_a_hundred_days(verdict: Verdict) -> None:
    assert len(verdict.false) < 0.01 * verdict.days, verdict.false


def test_false_alarms_are_fewer_than_one_in_a_hundred_findings(verdict: Verdict) -> None:
    assert len(verdict.false) < 0.01 * verdict.found, verdict.false


@pytest.mark.parametrize(
    ("kind", "way"),
    [pytest.param(kind, way, id=f"{kind}-{way.__name__}") for kind, ways in WAYS.items() for way in ways],
)
def test_each_way_by_itself(kind: AnomalyKind, way: object) -> None:
    """It is found, and consists of nothing but what was planted (and of what the same actor did at the same time)."""
    fleet = Fleet(Log(7), 38, 0.4)
    fleet.plan()
    plant = Plant(kind, "")
    fleet.at(START + 33 * DAY + 40_000 * 1_000_000, lambda now: way(fleet, now, plant))  # type: ignore[operator]
    fleet.run()
    found = [each for each in examined(fleet).items if each.kind is kind]
    assert found, "not found"
    for each in found:
        assert len(plant.records.intersection(each.records)) > 0.8 * len(each.records), (
            each,
            sorted(plant.records)[:9],
        )


def test_the_same_log_has_the_same_findings() -> None:
    fleet = Fleet(Log(3), 20, 0.3)
    fleet.plan()
    fleet.run()
    assert examined(fleet) == examined(fleet)


def test_what_was_never_usual_is_not_learned_within_a_day() -> None:
    """An attack goes on for hours: its later part is no less unusual than its first."""
    fleet = Fleet(Log(5), 36, 0.3)
    fleet.plan()
    plant = Plant(AnomalyKind.REFUSALS, "")
    way = WAYS[AnomalyKind.REFUSALS][0]
    for hour in (9, 11, 13):
        fleet.at(START + 33 * DAY + hour * 3600 * 1_000_000, lambda now: way(fleet, now, plant))
    fleet.run()
    found = [each for each in examined(fleet).items if each.kind is AnomalyKind.REFUSALS]
    assert len(found) == 3
