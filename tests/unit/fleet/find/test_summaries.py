"""What an answer says of the providers in it."""

from __future__ import annotations

from berth.fleet.find.summaries import summaries, usage_of
from berth.model.candidate import ProviderSummary, ResourceUsage
from berth.model.inventory import MAX_RATIO, Inventory
from tests.support.fleets import provider, small_fleet, uuid_of

HUGE = Inventory(2**31 - 1, allocation_ratio=MAX_RATIO)


def test_capacity_usage_traits_and_place_in_the_tree() -> None:
    fleet = small_fleet(
        provider("host", VCPU=Inventory(8, 2, allocation_ratio=2.0), DISK_GB=5, used={"VCPU": 3}, traits=["CUSTOM_B"]),
        provider("numa", "host", traits=["CUSTOM_A", "CUSTOM_B"]),
    )
    found = dict(summaries(fleet, [1, 0]))
    assert [*found] == [uuid_of("numa"), uuid_of("host")]
    host = found[uuid_of("host")]
    assert host == ProviderSummary(
        {"VCPU": ResourceUsage(12, 3), "DISK_GB": ResourceUsage(5, 0)}, ["CUSTOM_B"], None, uuid_of("host")
    )
    assert found[uuid_of("numa")] == ProviderSummary({}, ["CUSTOM_B", "CUSTOM_A"], uuid_of("host"), uuid_of("host"))


def test_a_capacity_too_large_for_a_column_is_exact_all_the_same() -> None:
    fleet = small_fleet(provider("host", VCPU=HUGE))
    assert usage_of(fleet, [0]) == {0: {"VCPU": ResourceUsage(HUGE.capacity, 0)}}
