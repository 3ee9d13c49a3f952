"""Providers for people to look through: page by page, and one with all that it has."""

from __future__ import annotations

import numpy as np

from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import SlotRange, has_room, provider_matches
from berth.fleet.find.summaries import rooms_of
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.views.hosts import hosts_with_name
from berth.fleet.views.providers import aggregates, inventories, provider, traits
from berth.model.candidate import ResourceUsage
from berth.model.errors import Invalid
from berth.model.overview import InventoryDetails, ProviderDetails, ProviderFilter, ProviderItem, ProviderPage, TreeNode
from berth.model.provider import Provider
from berth.model.request import Filter


def provider_page(fleet: Fleet, asked: ProviderFilter, after: str | None, limit: int) -> ProviderPage:
    """Up to limit providers that are like that, after those of the page before; ClassNotFound, TraitsNotFound.

    They come in the order of their ids, which is that of their making: ids only grow and are never given again. So
    going from page to page shows nobody twice and leaves out nobody who was there throughout, whoever is
    made, renamed, moved or deleted meanwhile. Invalid for an `after` that is no page's `next`.
    """
    ids = np.where(_like(fleet, asked), fleet.id.values, 0)
    slots = np.flatnonzero(ids > _cursor(after))
    more = len(slots) > limit
    if more:
        slots = slots[np.argpartition(ids[slots], limit)[:limit]]
    chosen = slots[np.argsort(ids[slots])].tolist()
    rooms = rooms_of(fleet, chosen)
    items = [_item(provider(fleet, fleet.uuids[slot]), rooms[slot]) for slot in chosen]
    return ProviderPage(items, str(ids[chosen[-1]]) if more and chosen else None)


def provider_details(fleet: Fleet, uuid: str) -> ProviderDetails:
    """One provider with all that it has, and its tree; ProviderNotFound."""
    it = provider(fleet, uuid)
    has, room = inventories(fleet, uuid).inventories, rooms_of(fleet, [fleet.slot(uuid)])[fleet.slot(uuid)]
    return ProviderDetails(
        uuid=it.uuid,
        name=it.name,
        generation=it.generation,
        parent=it.parent,
        root=it.root,
        created_at=it.created_at,
        updated_at=it.updated_at,
        inventories={
            name: InventoryDetails(
                total=of.total,
                reserved=of.reserved,
                min_unit=of.min_unit,
                max_unit=of.max_unit,
                step_size=of.step_size,
                allocation_ratio=of.allocation_ratio,
                capacity=room[name].capacity,
                used=of.used,
            )
            for name, of in has.items()
        },
        traits=traits(fleet, uuid).traits,
        aggregates=aggregates(fleet, uuid).aggregates,
        tree=tree_of(fleet, uuid),
    )


def tree_of(fleet: Fleet, uuid: str) -> list[TreeNode]:
    """The tree that a provider is in, each node followed by all below it, neighbours by name; ProviderNotFound."""
    slots, waiting = [], [int(fleet.root.values[fleet.slot(uuid)])]
    while waiting:
        slots.append(waiting.pop())
        waiting += sorted(fleet.children.get(slots[-1], ()), key=fleet.names.__getitem__, reverse=True)
    rooms, parents = rooms_of(fleet, slots), fleet.parent.values
    return [
        TreeNode(
            uuid=fleet.uuids[slot],
            name=fleet.names[slot],
            parent=None if parents[slot] == NO_SLOT else fleet.uuids[parents[slot]],
            resources=rooms[slot],
        )
        for slot in slots
    ]


def _like(fleet: Fleet, asked: ProviderFilter) -> Mask:
    """By slot: whether it is a provider that is like that, by itself."""
    required = (frozenset((asked.trait,)),) if asked.trait else ()
    member_of = (frozenset((asked.aggregate,)),) if asked.aggregate else ()
    wanted = compile_filter(fleet, Filter(resources=asked.room, required=required, member_of=member_of), spread=False)
    found: Mask = fleet.root.values != NO_SLOT
    if not wanted.possible:
        return np.zeros_like(found)
    if asked.root:
        found &= fleet.root.values == fleet.slot_of.get(asked.root, len(found))
    if asked.resource_class:
        column = fleet.columns.get(fleet.catalogue.class_id(asked.resource_class))
        having = np.zeros_like(found)
        having[column.slots.values if column else []] = True
        found &= having
    view = SlotRange(0, len(found))
    like_that = has_room(fleet, wanted.demands, view, provider_matches(fleet, wanted, view))
    found = found if like_that is None else found & like_that
    return hosts_with_name(fleet, _beginning(fleet, found, asked.uuid), asked.name)


def _beginning(fleet: Fleet, slots: Mask, uuid: str) -> Mask:
    """Those of these providers whose uuids begin so."""
    if not uuid:
        return slots
    start, uuids = uuid.lower(), fleet.uuids
    found = np.zeros_like(slots)
    at = np.flatnonzero(slots)
    found[at[[uuids[slot].startswith(start) for slot in at.tolist()]]] = True
    return found


def _cursor(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid(f"{after} is not the end of a page")
    return int(after)


def _item(it: Provider, resources: dict[str, ResourceUsage]) -> ProviderItem:
    return ProviderItem(it.uuid, it.name, it.generation, it.parent, it.root, it.created_at, it.updated_at, resources)
