"""Names of aggregates in the fleet: both ways, in any spelling of a uuid, and by version."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.state.aggregate_names import AggregateNames
from berth.fleet.state.apply import apply
from berth.fleet.state.catalogue import Catalogue
from berth.fleet.views.map_groups import group_hosts, hosts_within
from berth.fleet.views.overview import names_in_use
from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.change import CatalogueEntry, Change, Facts, NameKind
from berth.model.errors import AggregateNotFound
from berth.model.overview import GroupBy
from tests.support.fleets import provider, small_fleet

RACK, ROW = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2))


@pytest.fixture
def names() -> AggregateNames:
    names = AggregateNames()
    names.put(RACK, AggregateName("rack-7", "rack"))
    names.put(ROW, AggregateName("row"))
    return names


def test_both_ways(names: AggregateNames) -> None:
    assert [names.text(each) for each in (RACK.upper(), ROW, "other")] == ["rack-7", "row", "other"]
    assert (names.resolve("rack-7"), names.resolve(ROW.upper())) == (RACK, ROW.upper())
    assert names.named(RACK.replace("-", "")) == AggregateName("rack-7", "rack")
    with pytest.raises(AggregateNotFound, match=r"There is no aggregate Rack-7. Did you mean rack-7\?"):
        names.resolve("Rack-7")


def test_a_name_that_goes_to_another_aggregate(names: AggregateNames) -> None:
    earlier = names.copy()
    names.put(ROW, AggregateName("rack-7"))
    names.put(RACK, NO_NAME)
    assert (names.uuid_of("rack-7"), names.uuid_of("row"), names.named(RACK)) == (ROW, None, NO_NAME)
    assert (earlier.uuid_of("rack-7"), earlier.uuid_of("row")) == (RACK, ROW)


def test_the_catalogue_finds_them_by_name(names: AggregateNames) -> None:
    catalogue = Catalogue()
    catalogue.add(CatalogueEntry(NameKind.AGGREGATE, 4, RACK, 0))
    catalogue.aggregate_names = names
    assert catalogue.requested_aggregate_ids(["rack-7", RACK, "row", ROW]) == {4}
    with pytest.raises(AggregateNotFound):
        catalogue.copy().requested_aggregate_ids(["shelf"])


def test_a_change_names_them_in_its_version_only() -> None:
    fleet = small_fleet(provider("a", aggregates=[RACK, ROW]), provider("b", aggregates=[ROW]), provider("c"))
    new = fleet.fork()
    named = {ROW: AggregateName("zone-1", "zone"), RACK: AggregateName("rack-7", "rack")}
    apply(new, Change(2, 0, "NameAggregate", "", "", Facts(aggregate_names=named)))
    assert [each.catalogue.aggregate_names.uuid_of("zone-1") for each in (new, fleet)] == [ROW, None]
    assert new.restructured_at == 2, "what was searched with the earlier names is searched again"
    groups = group_hosts(new, np.arange(3), GroupBy.AGGREGATES, "")
    assert groups.names() == ["in no aggregate", "rack-7", "zone-1"]
    assert groups.ids("") == ["aggregate:", f"aggregate:{RACK}", f"aggregate:{ROW}"]
    for within in ("aggregate:rack-7", f"aggregate:{RACK}"):
        assert hosts_within(new, np.arange(3), within).tolist() == [0]


def test_an_empty_aggregate_is_listed_while_it_has_a_name() -> None:
    fleet = small_fleet(provider("a", aggregates=[RACK]), provider("b", aggregates=[ROW]))
    fleet.name_aggregate(ROW, AggregateName("row"))
    fleet.drop_provider(fleet.uuids[0])
    fleet.drop_provider(fleet.uuids[1])
    assert [each.name for each in names_in_use(fleet, NameKind.AGGREGATE)] == [ROW]
