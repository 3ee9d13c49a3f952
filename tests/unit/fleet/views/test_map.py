"""A map: which cells are drawn, and what is summed in each."""

from __future__ import annotations

import pytest

from berth.fleet.state.fleet import Fleet
from berth.fleet.views import map as map_module
from berth.fleet.views.map import fleet_map
from berth.model.aggregate import AggregateName
from berth.model.errors import ClassNotFound, Invalid
from berth.model.inventory import Inventory
from berth.model.overview import GroupBy, MapCell, MapQuery
from tests.support.fleets import provider, small_fleet, uuid_of


@pytest.fixture
def fleet() -> Fleet:
    return small_fleet(
        provider("host-2", VCPU=8, used={"VCPU": 3}, aggregates=["rack"]),
        provider("gpu", "host-2", VGPU=2, used={"VGPU": 1}),
        provider("host-1", VCPU=Inventory(4, 5), traits=["CUSTOM_A"]),
    )


def test_a_host_is_a_root_with_its_whole_tree(fleet: Fleet) -> None:
    drawn = fleet_map(fleet, MapQuery())
    assert (drawn.level, drawn.groups_of, drawn.total_hosts, drawn.head) == ("hosts", "", 2, 1)
    assert drawn.cells == [
        MapCell(uuid_of("host-1"), "host-1", 1, 1, {"VCPU": 0}, {"VCPU": 0}),
        MapCell(uuid_of("host-2"), "host-2", 1, 2, {"VCPU": 3, "VGPU": 1}, {"VCPU": 8, "VGPU": 2}),
    ]


def test_the_classes_and_the_hosts_shown_can_be_limited(fleet: Fleet) -> None:
    drawn = fleet_map(fleet, MapQuery(classes=("VGPU",), limit=1))
    assert (drawn.total_hosts, [(each.name, each.used) for each in drawn.cells]) == (2, [("host-1", {})])


def test_hosts_of_marked_providers_are_counted_once(fleet: Fleet) -> None:
    mark = (uuid_of("gpu"), uuid_of("host-2"), uuid_of("nobody"))
    assert [each.marked for each in fleet_map(fleet, MapQuery(mark=mark)).cells] == [0, 1]


def test_groups_sum_their_hosts(fleet: Fleet) -> None:
    drawn = fleet_map(fleet, MapQuery(by=GroupBy.AGGREGATES, classes=("VCPU",)))
    assert (drawn.level, drawn.groups_of, drawn.total_hosts) == ("groups", "aggregates", 2)
    assert [(each.id, each.name, each.hosts, each.providers, each.used) for each in drawn.cells] == [
        ("aggregate:", "in no aggregate", 1, 1, {"VCPU": 0}),
        ("aggregate:rack", "rack", 1, 2, {"VCPU": 3}),
    ]


@pytest.mark.parametrize(
    ("few", "by", "within", "level"),
    [
        (2, GroupBy.AUTO, "", "hosts"),
        (1, GroupBy.AUTO, "", "groups"),
        (0, GroupBy.HOSTS, "", "hosts"),
        (2, GroupBy.AGGREGATES, "", "groups"),
        (2, GroupBy.AGGREGATES, "aggregate:rack", "hosts"),
        (2, GroupBy.NAMES, "aggregate:rack", "groups"),
        (2, GroupBy.NAMES, "stem:host-", "hosts"),
    ],
)
def test_when_hosts_are_shown(
    fleet: Fleet, few: int, by: GroupBy, within: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_module, "MAX_HOSTS", few)
    assert fleet_map(fleet, MapQuery(by=by, within=within)).level == level


def test_unless_asked_for_the_most_widespread_classes_are_shown(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_module, "DEFAULT_CLASSES", 1)
    assert [[*each.used] for each in fleet_map(fleet, MapQuery()).cells] == [["VCPU"], ["VCPU"]]


def test_unknown_classes_and_groups_are_refused(fleet: Fleet) -> None:
    with pytest.raises(ClassNotFound):
        fleet_map(fleet, MapQuery(classes=("NO_SUCH",)))
    with pytest.raises(Invalid, match="not the id of a group"):
        fleet_map(fleet, MapQuery(within="nonsense:1"))


def test_the_rack_of_a_host() -> None:
    """The aggregate of kind rack first, else one that has a name; a uuid is no name."""
    fleet = small_fleet(
        provider("a", aggregates=["7", "zone"]), provider("b", aggregates=["zone"]), provider("c", aggregates=["x"])
    )
    assert [cell.rack for cell in fleet_map(fleet, MapQuery()).cells] == ["", "", ""]
    fleet.name_aggregate("zone", AggregateName("a-zone"))
    fleet.name_aggregate("7", AggregateName("rack-7", "rack"))
    assert [cell.rack for cell in fleet_map(fleet, MapQuery()).cells] == ["rack-7", "a-zone", ""]
    by_name = fleet_map(fleet, MapQuery(by=GroupBy.AGGREGATES))
    assert [cell.rack for cell in by_name.cells] == ["", "", ""]
