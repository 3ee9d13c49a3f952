"""Single providers as values, and lists of them."""

from __future__ import annotations

from typing import Any

import pytest

from berth.fleet.state.fleet import Fleet
from berth.fleet.views import providers
from berth.fleet.views.records import records
from berth.model.errors import ProviderNotFound
from berth.model.inventory import Inventory
from berth.model.request import ProviderQuery
from tests.support.fleets import provider, small_fleet, uuid_of

HOST, NUMA = uuid_of("host"), uuid_of("numa")


@pytest.fixture
def fleet() -> Fleet:
    return small_fleet(
        provider("host", VCPU=8, used={"VCPU": 3}, traits=["CUSTOM_B"]),
        provider("numa", "host", DISK_GB=Inventory(5, step_size=5), traits=["CUSTOM_A"], aggregates=["row", "rack"]),
        provider("gone", VCPU=8),
        traits=["CUSTOM_UNUSED"],
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["host", "numa", "gone"]),
        ({"uuid": NUMA}, ["numa"]),
        ({"name": "numa"}, ["numa"]),
        ({"name": "nobody"}, []),
        ({"uuid": NUMA, "name": "host"}, []),
        ({"uuid": NUMA, "resources": {"VCPU": 1}}, []),
        ({"resources": {"VCPU": 6}}, ["gone"]),
        ({"in_tree": NUMA}, ["host", "numa"]),
        ({"member_of": (frozenset({uuid_of("nowhere")}),)}, []),
    ],
)
def test_listed_providers(fleet: Fleet, fields: dict[str, Any], expected: list[str]) -> None:
    assert [each.name for each in providers.providers(fleet, ProviderQuery(**fields))] == expected


def test_what_one_provider_has(fleet: Fleet) -> None:
    numa = providers.provider(fleet, NUMA)
    assert (numa.name, numa.parent, numa.root, numa.generation) == ("numa", HOST, HOST, 0)
    assert providers.usages(fleet, HOST).usages == {"VCPU": 3}
    assert providers.inventories(fleet, NUMA).inventories["DISK_GB"].step_size == 5
    assert (providers.traits(fleet, NUMA).traits, providers.aggregates(fleet, NUMA).aggregates) == (
        ["CUSTOM_A"],
        ["row", "rack"],
    )
    with pytest.raises(ProviderNotFound):
        providers.provider(fleet, uuid_of("nobody"))


def test_a_deleted_provider_is_in_no_list_and_its_traits_are_not_in_use(fleet: Fleet) -> None:
    fleet.drop_provider(uuid_of("gone"))
    fleet.drop_provider(NUMA)
    assert [each.name for each in providers.providers(fleet, ProviderQuery())] == ["host"]
    assert [fleet.catalogue.name_of(number) for number in providers.associated_traits(fleet)] == ["CUSTOM_B"]
    assert [each.name for each in records(fleet)] == ["host"]
