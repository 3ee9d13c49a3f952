"""The capacity is by the decimal that was sent, 100 x 1.15 is 115: in every answer, on every database, and for good."""

from __future__ import annotations

import pytest

from berth.api.ops.fleet_metrics import FleetMetrics
from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.errors import CapacityExceeded
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.support.filled_ledger import HOST, JOB, VM


def test_a_capacity_that_floats_would_make_smaller(url: str) -> None:
    with open_ledger(url) as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(total=100, allocation_ratio=1.15)})
        _has_115(ledger)
    with open_ledger(url) as again:
        _has_115(again)
        with pytest.raises(CapacityExceeded):
            _claim(again, VM, 116)
        _claim(again, VM, 115)
        with pytest.raises(CapacityExceeded):
            _claim(again, JOB, 1)
        assert not _candidates(again, 1)


def _has_115(ledger: Ledger) -> None:
    assert _candidates(ledger, 115)
    assert not _candidates(ledger, 116)
    found = ledger.find(CandidateRequest(groups=(Group(resources={"VCPU": 1}),)))
    assert found.summaries[HOST].resources["VCPU"].capacity == 115
    overview = ledger.overview()
    assert [each.capacity for each in overview.classes if each.name == "VCPU"] == [115]
    samples = [each for metric in FleetMetrics(overview, answers=True).collect() for each in metric.samples]
    assert [each.value for each in samples if each.name == "berth_capacity" and "VCPU" in each.labels.values()] == [115]


def _candidates(ledger: Ledger, amount: int) -> bool:
    return bool(ledger.find(CandidateRequest(groups=(Group(resources={"VCPU": amount}),))).candidates)


def _claim(ledger: Ledger, consumer: str, amount: int) -> None:
    ledger.claim(Claim(consumer=consumer, allocations={HOST: {"VCPU": amount}}, project="p", user="u"))
