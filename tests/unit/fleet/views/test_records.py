"""The whole fleet as records."""

from __future__ import annotations

from berth.fleet.views.records import SLICE, records
from berth.model.aggregate import AggregateName, AggregateRecord, made_aggregate_uuid
from berth.model.inventory import Inventory
from berth.model.record import InventoryRecord, ProviderRecord
from tests.support.fleets import provider, small_fleet, uuid_of


def test_parents_come_first_and_defaults_are_left_out() -> None:
    fleet = small_fleet(
        provider("host", VCPU=8, used={"VCPU": 3}, traits=["CUSTOM_B"]),
        provider("numa", "host", DISK_GB=Inventory(5, step_size=5), traits=["CUSTOM_A"], aggregates=["row", "rack"]),
    )
    host, numa = records(fleet)
    assert host == ProviderRecord(
        name="host", uuid=uuid_of("host"), inventories={"VCPU": InventoryRecord(total=8)}, traits=("CUSTOM_B",)
    )
    assert (numa.parent, numa.inventories) == (uuid_of("host"), {"DISK_GB": InventoryRecord(total=5, step_size=5)})
    assert len(numa.aggregates) == 2


def test_aggregates_are_named_so_that_an_import_makes_the_same() -> None:
    made, given = made_aggregate_uuid("row"), "aaaaaaaa-0000-4000-8000-000000000001"
    fleet = small_fleet(provider("host", aggregates=[made, given.upper(), given, "unnamed"]))
    fleet.name_aggregate(made, AggregateName("row"))
    (host,) = records(fleet)
    assert (host.aggregates[0], host.aggregate_names) == ("row", {})
    fleet.name_aggregate(given, AggregateName("rack-7", "rack"))
    fleet.name_aggregate(made, AggregateName("row", "row"))
    (host,) = records(fleet)
    assert {"row", "rack-7", "unnamed"} == set(host.aggregates)
    assert host.aggregate_names == {"row": AggregateRecord(None, "row"), "rack-7": AggregateRecord(given, "rack")}


def test_all_slices_are_there() -> None:
    names = [f"host-{number:04d}" for number in range(2 * SLICE + 3)]
    fleet = small_fleet(*(provider(name, VCPU=1 + number) for number, name in enumerate(names)))
    found = {record.name: record.inventories["VCPU"].total for record in records(fleet)}
    assert found == {name: 1 + number for number, name in enumerate(names)}
