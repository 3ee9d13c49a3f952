"""Overview, map and pages of a fleet, against plain sums over a world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from berth.fleet.find.find import find
from berth.fleet.state.fleet import Fleet
from berth.fleet.views import map as drawing
from berth.fleet.views import map_groups
from berth.fleet.views.map import fleet_map
from berth.fleet.views.overview import names_in_use, overview
from berth.fleet.views.provider_order import Sorting
from berth.fleet.views.provider_page import provider_details, provider_page
from berth.model.change import NameKind
from berth.model.inventory import Inventory
from berth.model.overview import GroupBy, MapCell, MapQuery, ProviderFilter, ProviderOrder
from berth.model.request import CandidateRequest, Filter, Group
from tests.suites.properties.fleets import fleet_of
from tests.suites.properties.name_pools import AGGREGATES, CLASSES, TRAITS
from tests.suites.properties.worlds import chance, drained_worlds, worlds
from tests.support.oracle import candidates as oracle
from tests.support.oracle.world import World

ROOMS = st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 4), min_size=1, max_size=2)


@given(worlds())
def test_an_overview_is_the_sum(world: World) -> None:
    fleet = fleet_of(world)
    seen = overview(fleet)
    assert (seen.head, seen.providers, seen.roots) == (1, len(world.providers), len(world.roots()))
    has = [each for each in world.providers.values()]
    assert seen.traits == len(set().union(*(each.traits for each in has)))
    assert seen.aggregates == len(set().union(*(each.aggregates for each in has)))
    assert {each.name for each in seen.classes} == {name for each in has for name in each.inventories}
    for each in seen.classes:
        stock = {
            uuid: one.inventories[each.name] for uuid, one in world.providers.items() if each.name in one.inventories
        }
        used = {uuid: world.used(uuid, each.name) for uuid in stock}
        assert (each.providers, each.used) == (len(stock), sum(used.values()))
        assert each.total == sum(one.total for one in stock.values())
        assert each.reserved == sum(one.reserved for one in stock.values())
        assert each.capacity == sum(max(0, one.capacity) for one in stock.values())
        assert each.largest_free == max(0, *(one.capacity - used[uuid] for uuid, one in stock.items()))


@given(worlds())
def test_names_are_counted(world: World) -> None:
    fleet = fleet_of(world)
    has = world.providers.values()
    assert counted(fleet, NameKind.TRAIT) == {
        name: sum(name in each.traits for each in has) for name in counted(fleet, NameKind.TRAIT)
    }
    assert counted(fleet, NameKind.CLASS) == {name: sum(name in each.inventories for each in has) for name in CLASSES}
    assert counted(fleet, NameKind.AGGREGATE) == {
        name: count for name in AGGREGATES if (count := sum(name in each.aggregates for each in has))
    }


def counted(fleet: Fleet, kind: NameKind) -> dict[str, int]:
    return {each.name: each.providers for each in names_in_use(fleet, kind)}


@st.composite
def map_queries(draw: st.DrawFn) -> MapQuery:
    return MapQuery(
        by=draw(st.sampled_from(GroupBy)),
        name=draw(st.sampled_from(("", "", "", "PROVIDER-1", "3"))),
        trait=draw(st.sampled_from(TRAITS)) if draw(chance(20)) else "",
        aggregate=draw(st.sampled_from(AGGREGATES)) if draw(chance(20)) else "",
        room=draw(ROOMS) if draw(chance(20)) else {},
    )


def hosts_like(world: World, asked: MapQuery) -> set[str]:
    """Return the roots of the trees that match."""
    room = CandidateRequest(groups=(Group(resources=asked.room),))
    return {
        root
        for root in world.roots()
        if asked.name.lower() in world.providers[root].name.lower()
        and (not asked.trait or any(asked.trait in world.providers[uuid].traits for uuid in world.tree(root)))
        and (
            not asked.aggregate or any(asked.aggregate in world.providers[uuid].aggregates for uuid in world.tree(root))
        )
        and (not asked.room or any(True for _ in oracle.combinations(world, root, room)))
    }


def cell(world: World, name: str, identity: str, hosts: set[str]) -> MapCell:
    """Return the expected cell for these hosts."""
    members = [uuid for root in hosts for uuid in world.tree(root)]
    had = {name for uuid in members for name in world.providers[uuid].inventories}
    having = {name: [uuid for uuid in members if name in world.providers[uuid].inventories] for name in had}
    return MapCell(
        identity,
        name,
        len(hosts),
        len(members),
        {name: sum(world.used(uuid, name) for uuid in uuids) for name, uuids in having.items()},
        {
            name: sum(max(0, world.providers[uuid].inventories[name].capacity) for uuid in uuids)
            for name, uuids in having.items()
        },
    )


@contextmanager
def small(few: int, most: int) -> Iterator[None]:
    """Small worlds are never too large for one map, unless its limits are moved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "MAX_HOSTS", few)
        patch.setattr(drawing, "MAX_GROUPS", most)
        patch.setattr(map_groups, "MAX_GROUPS", most)
        yield


@given(worlds(), map_queries())
def test_a_map_of_hosts_has_each_of_them(world: World, asked: MapQuery) -> None:
    fleet = fleet_of(world)
    found = fleet_map(fleet, replace(asked, by=GroupBy.HOSTS))
    expected = sorted(hosts_like(world, asked), key=lambda uuid: world.providers[uuid].name)
    assert (found.level, found.groups_of, found.total_hosts) == ("hosts", "", len(expected))
    assert found.cells == [cell(world, world.providers[uuid].name, uuid, {uuid}) for uuid in expected]


# Three of the names go on differently after "host-": with fewer groups than that, a map leaves hosts out.
@given(worlds(), map_queries(), st.integers(0, 2), st.integers(3, 4))
def test_groups_are_parts_of_the_group_they_are_within(world: World, asked: MapQuery, few: int, most: int) -> None:
    world = renamed(world)
    fleet, deepest = fleet_of(world), 0
    waiting = [(asked, hosts_like(world, asked), 0)]
    with small(few, most):
        while waiting:
            query, hosts, depth = waiting.pop()
            found = fleet_map(fleet, query)
            assert found.total_hosts == len(hosts)
            if found.level == "hosts":
                assert {each.id for each in found.cells} <= hosts
                continue
            assert len(found.cells) <= most
            left = set(hosts)
            for each in found.cells:
                inside = {
                    one.id for one in fleet_map(fleet, replace(query, by=GroupBy.HOSTS, within=each.id, limit=99)).cells
                }
                assert inside <= left
                assert each == cell(world, each.name, each.id, inside)
                left -= inside
                if depth < 6:
                    waiting.append((replace(query, within=each.id), inside, depth + 1))
            assert not left
            deepest = max(deepest, depth)
    event(f"{deepest} levels deep")


def renamed(world: World) -> World:
    """Names that share stems and beginnings, one of which begins all others."""
    names = ("host-01", "host-02", "host-1", "gpu-1", "gpu-10", "gpu-2", "h", "host-", "x/y:%", "host-010")
    for provider, name in zip(world.providers.values(), names, strict=False):
        provider.name = name
    return world


@given(drained_worlds(), ROOMS)
def test_room_on_a_map_is_room_for_a_find(world: World, room: dict[str, int]) -> None:
    fleet = fleet_of(world)
    hosts = fleet_map(fleet, MapQuery(by=GroupBy.HOSTS, room=room)).total_hosts
    event("some", bool(hosts))
    assert bool(hosts) == bool(find(fleet, CandidateRequest(groups=(Group(resources=room),))).candidates)


@st.composite
def provider_filters(draw: st.DrawFn, world: World) -> ProviderFilter:
    uuid = draw(st.sampled_from(sorted(world.providers)))
    return ProviderFilter(
        name=draw(st.sampled_from(("", "", "PROVIDER-1", "03"))),
        uuid=uuid[: draw(st.integers(0, 10))].upper() if draw(chance(20)) else "",
        trait=draw(st.sampled_from(TRAITS)) if draw(chance(20)) else "",
        aggregate=draw(st.sampled_from(AGGREGATES)) if draw(chance(20)) else "",
        resource_class=draw(st.sampled_from(CLASSES)) if draw(chance(20)) else "",
        room=draw(ROOMS) if draw(chance(20)) else {},
        root=world.root(uuid) if draw(chance(20)) else "",
        drained=draw(chance(20)),
    )


def providers_like(world: World, asked: ProviderFilter) -> set[str]:
    by_itself = Filter(
        resources=asked.room,
        required=(frozenset((asked.trait,)),) if asked.trait else (),
        member_of=(frozenset((asked.aggregate,)),) if asked.aggregate else (),
    )
    return {
        uuid
        for uuid, provider in world.providers.items()
        if oracle.matches(world, uuid, by_itself)
        and asked.name.lower() in provider.name
        and uuid.startswith(asked.uuid.lower())
        and (not asked.resource_class or asked.resource_class in provider.inventories)
        and (not asked.root or world.root(uuid) == asked.root)
        and (not asked.drained or uuid in world.drained)
        and (not asked.room or world.takes_claims(uuid))
    }


def place(fleet: Fleet, uuid: str, by: Sorting) -> tuple[object, int]:
    """By what a provider is listed: one after the other, without any array."""
    slot = fleet.slot(uuid)
    details = provider_details(fleet, uuid)
    classes = [by.resource_class] if by.resource_class else list(details.inventories)
    shares = [each.used * 10**6 // max(each.capacity, 1) for each in map(details.inventories.__getitem__, classes)]
    keys = {
        ProviderOrder.OLDEST: 0,
        ProviderOrder.NAME: details.name,
        ProviderOrder.CHANGED: -details.updated_at,
        ProviderOrder.FULLEST: -max(shares, default=-1),
    }
    return keys[by.order], fleet.id.item(slot)


@given(st.data(), st.integers(1, 4))
def test_pages_have_everybody_once(data: st.DataObject, limit: int) -> None:
    world = data.draw(drained_worlds())
    asked = data.draw(provider_filters(world))
    by = Sorting(data.draw(st.sampled_from(ProviderOrder)), data.draw(st.booleans()), asked.resource_class)
    fleet, after = fleet_of(world), None
    seen: list[str] = []
    while True:
        page = provider_page(fleet, asked, after, limit, by)
        assert page.total == len(providers_like(world, asked))
        seen += [each.uuid for each in page.items]
        assert len(seen) == len(set(seen))
        for each in page.items:
            assert each.resources == oracle.summary(world, each.uuid).resources
        if page.next is None:
            break
        assert len(page.items) == limit
        after = page.next
    assert set(seen) == providers_like(world, asked)
    assert seen == sorted(seen, key=lambda uuid: place(fleet, uuid, by), reverse=by.reverse)
    event("providers", len(seen))


@given(st.data())
def test_pages_go_on_when_providers_go_and_come(data: st.DataObject) -> None:
    world = data.draw(worlds())
    fleet = fleet_of(world)
    first = provider_page(fleet, ProviderFilter(), None, 2)
    leaves = [uuid for uuid in world.providers if world.below(uuid) == {uuid}]
    goes = data.draw(st.sampled_from(leaves))
    fleet.drop_provider(goes)
    rest = [] if first.next is None else provider_page(fleet, ProviderFilter(), first.next, 99).items
    shown = [each.uuid for each in (*first.items, *rest)]
    assert len(shown) == len(set(shown))
    assert set(shown) >= world.providers.keys() - {goes}


@given(worlds())
def test_details_are_all_that_a_provider_has(world: World) -> None:
    fleet = fleet_of(world)
    for uuid, provider in world.providers.items():
        told = provider_details(fleet, uuid)
        assert (told.uuid, told.name, told.parent, told.root) == (
            uuid,
            provider.name,
            provider.parent,
            world.root(uuid),
        )
        assert set(told.traits) == provider.traits
        assert set(told.aggregates) == provider.aggregates
        rules = {
            name: Inventory(of.total, of.reserved, of.min_unit, of.max_unit, of.step_size, of.allocation_ratio)
            for name, of in told.inventories.items()
        }
        assert rules == provider.inventories
        for name, of in told.inventories.items():
            assert (of.capacity, of.used) == (provider.inventories[name].capacity, world.used(uuid, name))
        nodes = {node.uuid: node for node in told.tree}
        assert nodes.keys() == world.tree(uuid if provider.parent is None else world.root(uuid))
        before: set[str | None] = {None}
        for node in told.tree:
            assert node.parent in before
            before.add(node.uuid)
            assert node.resources == oracle.summary(world, node.uuid).resources
