"""Providers page by page, and one with everything it has."""

from __future__ import annotations

from typing import Any

import pytest

from berth.fleet.state.fleet import Fleet
from berth.fleet.views.provider_order import Sorting
from berth.fleet.views.provider_page import provider_details, provider_page, tree_of
from berth.model.candidate import ResourceUsage
from berth.model.errors import ClassNotFound, Invalid, ProviderNotFound
from berth.model.inventory import Inventory
from berth.model.overview import InventoryDetails, ProviderFilter, ProviderOrder
from tests.support.fleets import facts_of, provider, small_fleet, uuid_of

SPECS = (
    provider("host", VCPU=Inventory(8, 2, allocation_ratio=2.0), used={"VCPU": 3}, traits=["CUSTOM_A"]),
    provider("numa-b", "host", MEMORY_MB=64, aggregates=["rack"]),
    provider("numa-a", "host", MEMORY_MB=32),
    provider("gpu", "numa-b", VGPU=1),
    provider("other", VCPU=4),
)


@pytest.fixture
def fleet() -> Fleet:
    return small_fleet(*SPECS)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["host", "numa-b", "numa-a", "gpu", "other"]),
        ({"name": "NUMA"}, ["numa-b", "numa-a"]),
        ({"uuid": uuid_of("gpu")[:7].upper()}, ["gpu"]),
        ({"trait": "CUSTOM_A"}, ["host"]),
        ({"aggregate": "rack"}, ["numa-b"]),
        ({"aggregate": uuid_of("row")}, []),
        ({"resource_class": "VCPU"}, ["host", "other"]),
        ({"room": {"VCPU": 5}}, ["host"]),
        ({"room": {"VCPU": 1}, "root": uuid_of("other")}, ["other"]),
        ({"root": uuid_of("nobody")}, []),
    ],
)
def test_filters(fleet: Fleet, fields: dict[str, Any], expected: list[str]) -> None:
    page = provider_page(fleet, ProviderFilter(**fields), None, 99)
    assert ([each.name for each in page.items], page.next) == (expected, None)


def test_pages_follow_each_other_in_the_order_of_ids(fleet: Fleet) -> None:
    pages, after = [], None
    for _ in range(3):
        page = provider_page(fleet, ProviderFilter(), after, 2)
        pages.append([each.name for each in page.items])
        after = page.next
    assert (pages, after) == ([["host", "numa-b"], ["numa-a", "gpu"], ["other"]], None)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (Sorting(ProviderOrder.OLDEST, reverse=True), ["other", "gpu", "numa-a", "numa-b", "host"]),
        (Sorting(ProviderOrder.NAME), ["gpu", "host", "numa-a", "numa-b", "other"]),
        (Sorting(ProviderOrder.NAME, reverse=True), ["other", "numa-b", "numa-a", "host", "gpu"]),
        (Sorting(ProviderOrder.FULLEST), ["host", "numa-b", "numa-a", "gpu", "other"]),
        (
            Sorting(ProviderOrder.FULLEST, True, "MEMORY_MB"),
            ["other", "gpu", "host", "numa-a", "numa-b"],
        ),
    ],
)
def test_orders(fleet: Fleet, by: Sorting, expected: list[str]) -> None:
    """Page by page; between those that are alike the older one comes first."""
    names, after = list[str](), None
    for _ in expected:
        page = provider_page(fleet, ProviderFilter(), after, 1, by)
        names += [each.name for each in page.items]
        after = page.next
    assert (names, after, page.total) == (expected, None, 5)


def test_a_new_provider_in_an_old_slot_comes_last(fleet: Fleet) -> None:
    fleet.drop_provider(uuid_of("gpu"))
    fact = facts_of([provider("new")]).providers[0]
    fleet.put_provider(type(fact)(2000, *[getattr(fact, name) for name in fact.__struct_fields__[1:]]))
    assert fleet.slot(uuid_of("new")) == 3
    items = provider_page(fleet, ProviderFilter(), None, 99).items
    assert [each.name for each in items] == ["host", "numa-b", "numa-a", "other", "new"]


@pytest.mark.parametrize(
    "after", ["", "x", "-1", "²", "9" * 19, "name.1.x", "fullest.1.", "fullest.1.--5", "fullest.x.1"]
)
def test_a_cursor_that_no_page_gave_is_refused(fleet: Fleet, after: str) -> None:
    with pytest.raises(Invalid):
        provider_page(fleet, ProviderFilter(), after, 2)
    with pytest.raises(Invalid):
        provider_page(fleet, ProviderFilter(), after, 2, Sorting(ProviderOrder.FULLEST))


def test_items_have_capacity_and_usage(fleet: Fleet) -> None:
    host = provider_page(fleet, ProviderFilter(name="host"), None, 1).items[0]
    assert (host.resources, host.parent, host.root) == ({"VCPU": ResourceUsage(12, 3)}, None, uuid_of("host"))


def test_unknown_classes_and_providers_are_refused(fleet: Fleet) -> None:
    with pytest.raises(ClassNotFound):
        provider_page(fleet, ProviderFilter(resource_class="NO_SUCH"), None, 2)
    with pytest.raises(ProviderNotFound):
        provider_details(fleet, uuid_of("nobody"))


def test_details_of_one_provider(fleet: Fleet) -> None:
    host = provider_details(fleet, uuid_of("host"))
    assert host.inventories == {"VCPU": InventoryDetails(8, 2, 1, 2**31 - 1, 1, 2.0, 12, 3)}
    assert (host.traits, host.aggregates, host.name) == (["CUSTOM_A"], [], "host")
    assert provider_details(fleet, uuid_of("numa-b")).aggregates == ["rack"]


@pytest.mark.parametrize("name", ["host", "gpu"])
def test_a_tree_goes_depth_first_with_siblings_by_name(fleet: Fleet, name: str) -> None:
    nodes = tree_of(fleet, uuid_of(name))
    assert [each.name for each in nodes] == ["host", "numa-a", "numa-b", "gpu"]
    assert nodes[3].parent == uuid_of("numa-b")
    assert nodes[3].resources == {"VGPU": ResourceUsage(1, 0)}
