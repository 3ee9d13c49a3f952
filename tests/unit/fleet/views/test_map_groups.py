"""Groups of hosts: by aggregate, by name without digits, by how names begin; and groups within groups."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.state.fleet import Fleet
from berth.fleet.views import map_groups
from berth.fleet.views.map_groups import group_hosts, hosts_within, steps
from berth.model.errors import Invalid
from berth.model.overview import GroupBy
from tests.support.fleets import names_at, provider, small_fleet


def fleet_of(*names: str, **aggregates: str) -> Fleet:
    specs = [provider(name, aggregates=[each] if (each := aggregates.get(name)) else []) for name in names]
    return small_fleet(*specs)


def groups(fleet: Fleet, by: GroupBy = GroupBy.AUTO, within: str = "") -> dict[str, list[str]]:
    """The groups by name, each with its hosts; that a group's id leads to the same hosts is checked on the way."""
    hosts = hosts_within(fleet, np.arange(len(fleet.uuids)), within)
    made = group_hosts(fleet, hosts, by, within)
    found = {}
    for at, (identity, name) in enumerate(zip(made.ids(within), made.names(), strict=True)):
        found[name] = names_at(fleet, hosts[made.member == at])
        assert names_at(fleet, hosts_within(fleet, np.arange(len(fleet.uuids)), identity)) == found[name]
    return found


@pytest.mark.parametrize(
    ("by", "within", "expected"),
    [
        (GroupBy.AUTO, "", {"in no aggregate": ["b-1"], "rack": ["a-1"], "row": ["a-2"]}),
        (GroupBy.AGGREGATES, "", {"in no aggregate": ["b-1"], "rack": ["a-1"], "row": ["a-2"]}),
        (GroupBy.NAMES, "", {"a-": ["a-1", "a-2"], "b-": ["b-1"]}),
        (GroupBy.AUTO, "stem:a-", {"a-1…": ["a-1"], "a-2…": ["a-2"]}),
        (GroupBy.AUTO, "aggregate:rack", {"a-1": ["a-1"]}),
    ],
)
def test_groups(by: GroupBy, within: str, expected: dict[str, list[str]]) -> None:
    fleet = small_fleet(
        provider("a-1", aggregates=["rack", "row"]), provider("a-2", aggregates=["row"]), provider("b-1")
    )
    assert groups(fleet, by, within) == expected


def test_a_host_in_several_aggregates_is_in_the_first() -> None:
    fleet = small_fleet(provider("a", aggregates=["b", "a"]), provider("b", aggregates=["b"]))
    assert groups(fleet) == {"a": ["a"], "b": ["b"]}


def test_without_aggregates_hosts_are_grouped_by_name() -> None:
    fleet = fleet_of("host-1", "host-2", "pool-1")
    assert groups(fleet) == {"host-": ["host-1", "host-2"], "pool-": ["pool-1"]}


def test_names_that_differ_in_digits_only_are_grouped_by_how_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_groups, "MAX_GROUPS", 2)
    fleet = fleet_of("host-00", "host-01", "host-10", "host-11")
    assert groups(fleet) == {"host-0…": ["host-00", "host-01"], "host-1…": ["host-10", "host-11"]}
    assert groups(fleet, within="start:host-0") == {"host-00…": ["host-00"], "host-01…": ["host-01"]}


def test_a_name_that_begins_others_is_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_groups, "MAX_GROUPS", 2)
    fleet = fleet_of("h", "h1a", "h1b")
    assert groups(fleet, GroupBy.NAMES, "stem:h") == {"h": ["h"]}
    assert groups(fleet, GroupBy.NAMES) == {"h": ["h"], "h1…": ["h1a", "h1b"]}


def test_many_aggregates_are_grouped_by_how_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_groups, "MAX_GROUPS", 2)
    fleet = fleet_of("a", "b", "c", a="x1", b="x2", c="y1")
    assert groups(fleet) == {"x…": ["a", "b"], "y…": ["c"]}


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ("", []),
        ("aggregate:", [("aggregate", "")]),
        ("aggregate:rack/stem:a%2Fb%3A/start:a", [("aggregate", "rack"), ("stem", "a/b:"), ("start", "a")]),
    ],
)
def test_the_id_of_a_group_is_read(within: str, expected: list[tuple[str, str]]) -> None:
    assert steps(within) == expected


def test_what_is_not_the_id_of_a_group_is_refused() -> None:
    with pytest.raises(Invalid):
        steps("aggregate:rack/elsewhere:1")


def test_special_characters_of_a_name_survive() -> None:
    fleet = fleet_of("x/y:%1", "x/z1")
    assert groups(fleet) == {"x/y:%": ["x/y:%1"], "x/z": ["x/z1"]}
