"""Which hosts match a map's filter."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.state.fleet import Fleet
from berth.fleet.views.hosts import hosts_with_name, matching_hosts
from berth.model.errors import ClassNotFound, TraitsNotFound
from berth.model.overview import MapQuery
from tests.support.fleets import names_at, provider, sharing, small_fleet, uuid_of


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    fleet = small_fleet(
        provider("Alpha", VCPU=4, aggregates=["rack"]),
        provider("alpha-gpu", "Alpha", VGPU=1, traits=["CUSTOM_GPU"], aggregates=["row"]),
        provider("beta", VCPU=8, used={"VCPU": 7}, aggregates=["rack"]),
        provider("gone", traits=["CUSTOM_GPU"]),
        sharing("pool", "rack", DISK_GB=10),
    )
    fleet.drop_provider(uuid_of("gone"))
    return fleet


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (MapQuery(), ["Alpha", "beta", "pool"]),
        (MapQuery(name="ALP"), ["Alpha"]),
        (MapQuery(trait="CUSTOM_GPU"), ["Alpha"]),
        (MapQuery(aggregate="row"), ["Alpha"]),
        (MapQuery(aggregate=uuid_of("elsewhere")), []),
        (MapQuery(room={"VCPU": 1}), ["Alpha", "beta"]),
        (MapQuery(room={"VCPU": 1, "VGPU": 1}), ["Alpha"]),
        (MapQuery(room={"VCPU": 1, "DISK_GB": 5}), ["Alpha", "beta"]),
        (MapQuery(room={"VCPU": 1}, name="b"), ["beta"]),
    ],
)
def test_matching_hosts(fleet: Fleet, query: MapQuery, expected: list[str]) -> None:
    assert names_at(fleet, matching_hosts(fleet, query)) == expected


def test_unknown_names_are_refused(fleet: Fleet) -> None:
    with pytest.raises(ClassNotFound):
        matching_hosts(fleet, MapQuery(room={"NO_SUCH": 1}))
    with pytest.raises(TraitsNotFound):
        matching_hosts(fleet, MapQuery(trait="NO_SUCH"))


def test_only_given_slots_are_looked_at_by_name(fleet: Fleet) -> None:
    slots = np.array([False, True, True, False, False])
    assert names_at(fleet, hosts_with_name(fleet, slots, "alpha")) == ["alpha-gpu"]
    assert hosts_with_name(fleet, slots, "") is slots
