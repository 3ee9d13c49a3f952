"""A fleet in a few numbers."""

from __future__ import annotations

import pytest

from berth.fleet.views.overview import names_in_use, overview
from berth.model.change import NameKind
from berth.model.inventory import Inventory
from berth.model.overview import ClassOverview
from tests.support.fleets import provider, small_fleet, uuid_of


def test_the_sums_of_every_class() -> None:
    fleet = small_fleet(
        provider("a", VCPU=Inventory(8, 2, allocation_ratio=2.0), used={"VCPU": 5}, traits=["CUSTOM_A"]),
        provider("b", "a", VCPU=4, used={"VCPU": 4}, aggregates=["rack"]),
        provider("gone", DISK_GB=1),
    )
    fleet.drop_provider(uuid_of("gone"))
    seen = overview(fleet)
    assert (seen.head, seen.providers, seen.roots, seen.traits, seen.aggregates) == (1, 2, 1, 1, 1)
    assert seen.classes == [ClassOverview("VCPU", 2, 12, 2, 16, 9, 7)]


def test_more_reserved_than_there_is_counts_as_no_capacity() -> None:
    fleet = small_fleet(provider("a", VCPU=Inventory(2, 3)), provider("b", VCPU=5))
    assert [(each.capacity, each.largest_free) for each in overview(fleet).classes] == [(5, 5)]
    fleet.drop_provider(uuid_of("b"))
    assert [(each.capacity, each.largest_free) for each in overview(fleet).classes] == [(0, 0)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (NameKind.CLASS, {"VCPU": 2, "CUSTOM_GOLD": 0}),
        (NameKind.TRAIT, {"CUSTOM_A": 1, "CUSTOM_B": 2, "CUSTOM_C": 0}),
        (NameKind.AGGREGATE, {"rack": 1}),
    ],
)
def test_how_many_providers_have_each_name(kind: NameKind, expected: dict[str, int]) -> None:
    fleet = small_fleet(
        provider("a", VCPU=1, traits=["CUSTOM_A", "CUSTOM_B"], aggregates=["rack"]),
        provider("b", VCPU=1, traits=["CUSTOM_B"]),
        provider("gone", aggregates=["row"]),
        classes=["CUSTOM_GOLD"],
        traits=["CUSTOM_C"],
    )
    fleet.drop_provider(uuid_of("gone"))
    assert {each.name: each.providers for each in names_in_use(fleet, kind)} == expected
