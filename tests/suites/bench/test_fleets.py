"""Both servers get equal fleets, over REST and as rows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bench.fleets import SHAPES, Fleet
from bench.loading import calls
from bench.placement_sql import Rows
from bench.rows import Find, scenarios
from bench.wire import send
from tests.suites.bench.conftest import Load, Loaded

HOSTS = {"flat": 12, "numa": 6, "gpu": 3, "wide": 1, "almost": 2, "sharing": 6, "roomy": 2, "small": 2}


def test_every_shape_is_tested() -> None:
    assert set(HOSTS) == set(SHAPES)


@pytest.mark.parametrize("shape", HOSTS)
def test_a_fleet_is_the_same_each_time(shape: str) -> None:
    fleet = Fleet(shape, HOSTS[shape])
    assert list(fleet) == list(fleet)
    assert fleet.first(1) == [next(iter(fleet)).providers[0].uuid]
    if shape != "wide":
        assert list(fleet) != list(Fleet(shape, HOSTS[shape], seed=2))


@pytest.fixture
def by_rest(empty: Loaded) -> Callable[[Fleet], Loaded]:
    """An empty ledger, and a way to fill it as a client does."""

    def fill(fleet: Fleet) -> Loaded:
        for host in fleet:
            for call in calls(host):
                answer = empty.sending(send(*call))()
                assert answer.status < 300, (call, answer.body)
        return empty

    return fill


@pytest.mark.parametrize("shape", HOSTS)
def test_rows_are_what_the_rest_calls_leave(shape: str, by_rest: Callable[[Fleet], Loaded]) -> None:
    fleet = Fleet(shape, HOSTS[shape], fill=0.7)
    one = by_rest(fleet)
    rows = Rows(Everything(), Everything())
    for host in fleet:
        rows.host(host)
    tables = rows.finished()
    stored = {(row[1], row[2], row[3]) for row in tables["resource_providers"]}
    told = json.loads(one.asking("/resource_providers")().body)["resource_providers"]
    assert {(each["uuid"], each["name"], each["generation"]) for each in told} == stored
    numbers = {row[0]: row[1] for row in tables["resource_providers"]}
    families = {(row[1], numbers[row[4]], numbers.get(row[5])) for row in tables["resource_providers"]}
    assert {(each["uuid"], each["root_provider_uuid"], each["parent_provider_uuid"]) for each in told} == families
    held = sum(row[3] for row in tables["allocations"])
    assert held == sum(used(one, each["uuid"]) for each in told)


def used(one: Loaded, uuid: str) -> int:
    """All that is held of a provider, whatever it is."""
    return sum(json.loads(one.asking(f"/resource_providers/{uuid}/usages")().body)["usages"].values())


class Everything(dict[str, int]):
    """A catalogue that has every name."""

    def __missing__(self, name: str) -> int:
        return self.setdefault(name, len(self) + 1)


QUERIES = {
    f"{scenario.key}: {row.title}": (scenario.fleet.shape, row)
    for scenario in scenarios(1, quick=True)
    for row in scenario.rows
    if isinstance(row, Find) and row.expect is not None and row.expect <= 10
}


@pytest.mark.parametrize("case", QUERIES)
def test_the_expected_answers_are_the_right_ones(case: str, loaded: Load) -> None:
    shape, row = QUERIES[case]
    hosts = {"wide": 1, "almost": 20, "gpu": 30}.get(shape, 300)
    answer = loaded(shape, hosts).asking(f"/allocation_candidates?{row.query}")()
    assert len(json.loads(answer.body)["allocation_requests"]) == row.expect
