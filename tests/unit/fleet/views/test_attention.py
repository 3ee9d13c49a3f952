"""What in a fleet needs a person, and how many hosts have how much free."""

from __future__ import annotations

import pytest

from berth.fleet.views.attention import attention, free_hosts
from berth.model.errors import ClassNotFound
from berth.model.inventory import Inventory
from berth.model.summaries import FreeBin, FreeHosts, HostName, OverCapacity
from tests.support.fleets import provider, small_fleet, uuid_of


def test_the_worst_first_and_what_is_reserved_apart() -> None:
    fleet = small_fleet(
        provider("full", VCPU=4, used={"VCPU": 4}),
        provider("worse", VCPU=Inventory(8, 4), used={"VCPU": 8}),
        provider("gpu-host", VCPU=4),
        provider("gpu", "gpu-host", VGPU=2, used={"VGPU": 3}),
        provider("out", VCPU=Inventory(4, 4), used={"VCPU": 2}),
        provider("out-disk", "out", DISK_GB=Inventory(9, 9)),
        provider("half", VCPU=Inventory(4, 4), MEMORY_MB=1),
        provider("nothing"),
    )
    seen = attention(fleet, 1)
    worse = uuid_of("worse")
    assert seen.over == [OverCapacity(worse, "worse", worse, "worse", "VCPU", 8, 4)]
    assert (seen.over_count, seen.reserved_count) == (2, 1)
    assert seen.reserved == [HostName(uuid_of("out"), "out")]
    second = attention(fleet, 9).over[1]
    assert (second.name, second.host_name, second.used, second.capacity) == ("gpu", "gpu-host", 3, 2)


def test_hosts_by_what_is_free_of_all_their_providers() -> None:
    fleet = small_fleet(
        provider("a"),
        *(provider(f"a-{number}", "a", VGPU=1, used={"VGPU": number % 2}) for number in range(8)),
        provider("b", VGPU=3),
        provider("c", VGPU=2, used={"VGPU": 2}),
        provider("over", VGPU=1, used={"VGPU": 5}),
        provider("none", VCPU=1),
        classes=["CUSTOM_GOLD"],
    )
    assert free_hosts(fleet, "VGPU") == FreeHosts("VGPU", 4, [FreeBin(4, 1), FreeBin(2, 1), FreeBin(0, 2)])
    assert free_hosts(fleet, "CUSTOM_GOLD") == FreeHosts("CUSTOM_GOLD", 0, [])
    with pytest.raises(ClassNotFound):
        free_hosts(fleet, "CUSTOM_NONE")
