"""Changes of the log, applied to a fleet."""

from __future__ import annotations

import pytest

from berth.fleet.state.apply import apply
from berth.fleet.state.fleet import Fleet
from berth.fleet.views import providers
from berth.model.change import CatalogueEntry, Change, Facts, NameKind
from berth.model.inventory import Inventory
from tests.support.fleets import facts_of, provider, small_fleet, uuid_of

HOST = uuid_of("host")


@pytest.fixture
def fleet() -> Fleet:
    return small_fleet(provider("host", VCPU=4, DISK_GB=10, used={"VCPU": 2}), traits=["CUSTOM_A"])


def change(number: int, **facts: object) -> Change:
    return Change(number, 50, "", "", "", Facts(**facts))  # type: ignore[arg-type]


def test_a_change_that_is_in_already_is_skipped(fleet: Fleet) -> None:
    before = providers.snapshot(fleet)
    apply(fleet, change(1, gone=[HOST]))
    assert providers.snapshot(fleet) == before


def test_inventories_are_replaced_as_a_whole(fleet: Fleet) -> None:
    apply(fleet, change(2, inventories={HOST: {"VCPU": Inventory(8)}}))
    has = providers.inventories(fleet, HOST).inventories
    assert {name: (each.total, each.used, each.updated_at) for name, each in has.items()} == {"VCPU": (8, 2, 50)}
    assert (fleet.head, len(fleet.columns[2])) == (2, 0)


def test_a_class_that_is_new_gets_a_column(fleet: Fleet) -> None:
    names = [CatalogueEntry(NameKind.CLASS, 9, "CUSTOM_GOLD", 0)]
    apply(fleet, change(2, names=names, inventories={HOST: {"CUSTOM_GOLD": Inventory(3)}}))
    assert [*providers.inventories(fleet, HOST).inventories] == ["CUSTOM_GOLD"]


def test_what_is_used_is_set_absolutely(fleet: Fleet) -> None:
    for number in (2, 3):
        apply(fleet, change(number, used={HOST: {"VCPU": 3}}))
    assert providers.usages(fleet, HOST).usages == {"VCPU": 3, "DISK_GB": 0}


def test_usage_of_an_inventory_that_the_same_change_removes_is_ignored(fleet: Fleet) -> None:
    apply(fleet, change(2, inventories={HOST: {"DISK_GB": Inventory(1)}}, used={HOST: {"VCPU": 0, "DISK_GB": 1}}))
    assert providers.usages(fleet, HOST).usages == {"DISK_GB": 1}


def test_a_generation_comes_with_its_time(fleet: Fleet) -> None:
    apply(fleet, change(2, generations={HOST: 7}, traits={HOST: ["CUSTOM_A"]}))
    host = providers.provider(fleet, HOST)
    assert (host.generation, host.updated_at, providers.traits(fleet, HOST).traits) == (7, 50, ["CUSTOM_A"])


def test_a_removed_class_loses_its_column(fleet: Fleet) -> None:
    number = fleet.catalogue.class_id("DISK_GB")
    apply(fleet, change(2, inventories={HOST: {}}, unnamed=[]))
    apply(fleet, change(3, unnamed=[number]))
    assert (number in fleet.columns, fleet.catalogue.id_of(NameKind.CLASS, "DISK_GB")) == (False, None)


def test_a_provider_that_is_gone_is_dropped_last(fleet: Fleet) -> None:
    apply(fleet, change(2, generations={HOST: 9}, gone=[HOST]))
    assert len(fleet) == 0


def test_applying_the_same_facts_again_changes_nothing() -> None:
    specs = [provider("a", VCPU=4, used={"VCPU": 1}, aggregates=["rack"]), provider("b", "a", traits=["CUSTOM_A"])]
    fleet = small_fleet(*specs)
    before = providers.snapshot(fleet)
    apply(fleet, Change(2, 0, "", "", "", facts_of(specs)))
    assert {**providers.snapshot(fleet), "head": 1} == before
