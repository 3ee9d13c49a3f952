"""The bounds of a search: every request ends after a limited number of steps, and what it has found is correct."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from berth.api.auth import dev
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.messages import Reply, Request
from berth.api.placement.app import PlacementApp
from berth.api.placement.openapi import describe
from berth.api.placement.routes import OPERATIONS
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.fleet.find import search
from berth.fleet.find.budget import FRUITLESS_STEPS, LOOKS_PER_STEP, MOST_STEPS, PROVIDERS_PER_STEP, Budget
from berth.ledger import Ledger, open_ledger
from berth.model.record import InventoryRecord, ProviderRecord
from berth.model.request import CandidateRequest, Group
from tests.support.empty_ledgers import empty_ledgers

DEVICES = 24


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    """Two hosts with many devices."""
    with empty_ledgers("sqlite") as ledgers, open_ledger(ledgers.new()) as ledger:
        for host in "ab":
            device = {"VGPU": InventoryRecord(total=4)}
            root = ProviderRecord(name=host, inventories={"VCPU": InventoryRecord(total=64)})
            below = [
                ProviderRecord(name=f"{host}{number}", parent=host, inventories=device, traits=(f"CUSTOM_D{number}",))
                for number in range(DEVICES)
            ]
            ledger.put_records([root, *below])
        yield ledger


def groups(count: int, amount: int = 1) -> tuple[Group, ...]:
    return tuple(Group(suffix=str(number), resources={"VGPU": amount}) for number in range(count))


ENDLESS = {
    "all different": CandidateRequest(groups=groups(DEVICES), isolate=True),
    "any at all": CandidateRequest(groups=groups(8)),
}


@pytest.mark.parametrize("case", ["all different", "any at all"])
def test_without_a_limit_it_ends_all_the_same(ledger: Ledger, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "__init__", lambda self: _set(self, 20_000))
    found = ledger.find(ENDLESS[case])
    assert found.bounded
    assert 100 < len(found.candidates) < 20_000
    assert len({str(each.mappings) for each in found.candidates}) == len(found.candidates)
    for each in found.candidates[:50]:
        assert sum(amounts["VGPU"] for amounts in each.allocations.values()) == len(ENDLESS[case].groups)


def _set(budget: Budget, total_left: int) -> None:
    budget.steps = budget.left = FRUITLESS_STEPS
    budget.total_left, budget.exceeded = total_left, False


def test_what_is_found_below_the_bound_is_all(ledger: Ledger) -> None:
    found = ledger.find(CandidateRequest(groups=groups(2), isolate=True))
    assert (len(found.candidates), found.bounded) == (2 * DEVICES * (DEVICES - 1), False)


def test_a_request_of_independent_parts_is_bounded_as_well(ledger: Ledger) -> None:
    request = CandidateRequest(groups=(Group(suffix="1", resources={"VGPU": 1}), Group(resources={"VCPU": 1})))
    assert len(ledger.find(request).candidates) == 2 * DEVICES
    budget = Budget()
    ways = sum(1 for _ in search._product([list(range(100))] * 10, budget))
    assert budget.exceeded
    assert ways == MOST_STEPS // (1 + 10 // PROVIDERS_PER_STEP) + 1


def test_choosing_what_is_on_top_takes_steps_as_well(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair would have to share one device, and none has room for two: every choice of tops is tried."""
    pairs = tuple(frozenset((str(number), str(number + 1))) for number in range(0, 12, 2))
    request = CandidateRequest(groups=groups(12, amount=3), same_subtrees=pairs)
    monkeypatch.setattr(Budget, "__init__", lambda self: _set(self, 500))
    found = ledger.find(request)
    assert (found.candidates, found.bounded) == ([], True)


def test_a_step_with_much_to_look_at_counts_as_many() -> None:
    one, many = Budget(), Budget()
    for _ in range(100):
        one.count_looks(LOOKS_PER_STEP)
        many.count_looks(50 * LOOKS_PER_STEP)
    assert (FRUITLESS_STEPS - one.left, FRUITLESS_STEPS - many.left) == (100, 5_000)
    many.count_solution(2)
    assert (many.left, MOST_STEPS - many.total_left) == (FRUITLESS_STEPS, 5_002)


def test_explaining_takes_no_longer_for_many_hindrances(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that it would be without this or that has one budget."""
    made: list[Budget] = []
    before = Budget.__init__

    def noted(self: Budget) -> None:
        before(self)
        made.append(self)

    monkeypatch.setattr(Budget, "__init__", noted)
    pairs = tuple(frozenset((str(number), str(number + 1))) for number in range(10))
    ledger.explain(CandidateRequest(groups=groups(DEVICES + 1, amount=4), isolate=True, same_subtrees=pairs))
    assert len(made) <= 2


@pytest.mark.parametrize("bounded", [True, False])
def test_clients_are_told(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, bounded: bool) -> None:
    monkeypatch.setattr(Budget, "__init__", lambda self: _set(self, 50 if bounded else MOST_STEPS))
    gate = Gate(ledger, (dev,), POLICIES["default"])
    headers = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39", "content-type": "application/json"}
    query = "resources1=VGPU:1&resources2=VGPU:1&group_policy=isolate"
    reply = PlacementApp(gate).handle(Request("GET", "/allocation_candidates", query, headers))
    assert isinstance(reply, Reply)
    assert (reply.status, dict(reply.headers).get("berth-bounded")) == (200, "true" if bounded else None)
    body = b'{"groups": [{"suffix": "1", "resources": {"VGPU": 1}}, {"suffix": "2", "resources": {"VGPU": 1}}]}'
    reply = V1App(gate, Feed(ledger)).handle(Request("POST", "/v1/find", "", headers, body))
    assert isinstance(reply, Reply)
    assert json.loads(b"".join((reply.body, *reply.rest)))["bounded"] is bounded
    documented = describe(OPERATIONS, 39)["paths"]["/allocation_candidates"]["get"]["responses"]["200"]["headers"]
    assert "berth-bounded" in documented
