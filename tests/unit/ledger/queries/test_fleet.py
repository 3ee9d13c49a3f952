"""Which queries of the fleet need a thread, and which need one that may take long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from berth.ledger import Ledger, open_ledger, request_scope
from berth.ledger.queries import fleet
from berth.ledger.request_scope import NeedsTime
from berth.model.inventory import Inventory
from berth.model.overview import MapQuery
from berth.model.provider import Provider
from berth.model.record import InventoryRecord, ProviderRecord
from berth.model.request import CandidateRequest, Group, ProviderQuery

FEW, HOSTS = 3, 8
UUID = "10000000-0000-4000-8000-000000000001"
REQUEST = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))
NOTHING = CandidateRequest(groups=(Group(resources={"VCPU": 9}),))


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(fleet, "FEW", FEW)
    monkeypatch.setattr(fleet, "COLUMNS", 2)
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        inventories = {"VCPU": InventoryRecord(total=8)}
        uuids = [UUID, *[None] * (HOSTS - 1)]
        opened.put_records([ProviderRecord(f"h{at}", uuid, inventories=inventories) for at, uuid in enumerate(uuids)])
        yield opened


Verb = Callable[[Ledger], Any]


def limited(limit: int) -> CandidateRequest:
    return CandidateRequest(groups=REQUEST.groups, limit=limit)


@pytest.mark.parametrize(
    ("verb", "needs", "long"),
    [
        (lambda it: it.find(limited(FEW)), False, False),
        (lambda it: it.find(limited(FEW + 1)), True, True),
        (lambda it: it.find(REQUEST), True, True),
        (lambda it: it.find(NOTHING), False, False),
        (lambda it: it.explain(REQUEST), True, True),
        (lambda it: it.providers(), True, True),
        (lambda it: it.providers(ProviderQuery(name="h1")), False, False),
        (lambda it: it.provider(UUID), False, False),
        (lambda it: it.details(UUID), False, False),
        (lambda it: it.records(), True, True),
        (lambda it: it.overview(), True, True),
        (lambda it: it.map(MapQuery()), True, True),
        (lambda it: it.search(limit=2), True, True),
        (lambda it: it.inventories(UUID), False, False),
        (lambda it: it.allocations(UUID), False, False),
        (lambda it: it.allocations_of(UUID), True, False),
        (lambda it: it.consumers(), True, False),
        (lambda it: it.projects(), True, False),
        (lambda it: it.project_usages("p"), True, False),
        (lambda it: it.changes(), True, False),
        (lambda it: it.audit(), True, False),
        (lambda it: it.anomalies(), True, True),
    ],
)
def test_who_needs_time(ledger: Ledger, verb: Verb, needs: bool, long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("BRIEF_S", "SHORT_S"):  # not because this machine is slow
        monkeypatch.setattr(request_scope, limit, 60.0)
    assert needed(ledger, verb, brief=True) == (long if needs else None)
    assert needed(ledger, verb, brief=False) == (True if long else None)
    verb(ledger)


def needed(ledger: Ledger, verb: Verb, *, brief: bool) -> bool | None:
    """Return whether a verb needs a thread that may take long, or None if it needs no other thread."""
    with ledger.request("req-1", brief=brief, long=False):
        try:
            verb(ledger)
        except NeedsTime as needs:
            return needs.long
    return None


def test_records_are_of_one_moment(ledger: Ledger) -> None:
    records = ledger.records()
    first = next(records)
    ledger.create_provider("new")
    ledger.set_inventories(UUID, {"VCPU": Inventory(4)})
    rest = list(records)
    assert len([first, *rest]) == HOSTS
    assert {each.inventories["VCPU"].total for each in rest} == {8}
    assert "new" in {each.name for each in ledger.records()}
    assert isinstance(ledger.provider(UUID), Provider)
