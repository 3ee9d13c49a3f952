"""Providers page by page, and one provider with all its details."""

from __future__ import annotations

import numpy as np

from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import SlotRange, has_room, provider_matches
from berth.fleet.find.summaries import usage_of
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.views.holds import pending_of
from berth.fleet.views.hosts import hosts_with_name, narrowed
from berth.fleet.views.provider_order import OLDEST_FIRST, Sorting, page_of
from berth.fleet.views.providers import aggregates, inventories, provider, traits
from berth.model.candidate import ResourceUsage
from berth.model.consumer import Resources
from berth.model.drain_state import DrainState
from berth.model.overview import InventoryDetails, ProviderDetails, ProviderFilter, ProviderItem, ProviderPage, TreeNode
from berth.model.request import Filter


def provider_page(
    fleet: Fleet, query: ProviderFilter, after: str | None, limit: int, by: Sorting = OLDEST_FIRST
) -> ProviderPage:
    """Return up to limit matching providers that follow the previous page; raises ClassNotFound, TraitsNotFound.

    By default they are in the order of their ids, that is of creation: ids only grow and are never reused. So paging
    shows no provider twice and omits none that exists throughout, even if others are created, renamed, moved or deleted
    in between. In another order that holds for those whose place in it does not change. Raises Invalid for an
    `after` that is no page's `next`.
    """
    found = np.flatnonzero(matching_providers(fleet, query))
    page_slots, next_ = page_of(fleet, found, by, after, limit)
    usage = usage_of(fleet, page_slots)
    pending = pending_of(fleet, page_slots)
    items = [_item(fleet, slot, usage[slot], pending[slot]) for slot in page_slots]
    return ProviderPage(items, next_, len(found))


def provider_details(fleet: Fleet, uuid: str) -> ProviderDetails:
    """Return one provider with everything it has, and its tree; raises ProviderNotFound."""
    found, slot = provider(fleet, uuid), fleet.slot(uuid)
    stock, usage = inventories(fleet, uuid).inventories, usage_of(fleet, [slot])[slot]
    pending = pending_of(fleet, [slot])[slot]
    given, known = aggregates(fleet, uuid).aggregates, fleet.catalogue.aggregate_names
    return ProviderDetails(
        uuid=found.uuid,
        name=found.name,
        generation=found.generation,
        parent=found.parent,
        root=found.root,
        created_at=found.created_at,
        updated_at=found.updated_at,
        inventories={
            name: InventoryDetails(
                total=each.total,
                reserved=each.reserved,
                min_unit=each.min_unit,
                max_unit=each.max_unit,
                step_size=each.step_size,
                allocation_ratio=each.allocation_ratio,
                capacity=usage[name].capacity,
                used=each.used,
                pending=pending.get(name, 0),
            )
            for name, each in stock.items()
        },
        traits=traits(fleet, uuid).traits,
        aggregates=given,
        tree=tree_of(fleet, uuid),
        aggregate_names={each: name for each in given if (name := known.named(each).name)},
        drain=drain_state(fleet, slot),
    )


def tree_of(fleet: Fleet, uuid: str) -> list[TreeNode]:
    """Return the tree of a provider in depth-first order, siblings by name; raises ProviderNotFound."""
    slots, ahead = [], [int(fleet.root.values[fleet.slot(uuid)])]
    while ahead:
        slots.append(ahead.pop())
        ahead += sorted(fleet.children.get(slots[-1], ()), key=fleet.names.__getitem__, reverse=True)
    usage, pending, parents = usage_of(fleet, slots), pending_of(fleet, slots), fleet.parent.values
    return [
        TreeNode(
            uuid=fleet.uuids[slot],
            name=fleet.names[slot],
            parent=None if parents[slot] == NO_SLOT else fleet.uuids[parents[slot]],
            resources=usage[slot],
            pending=pending[slot],
            drained=fleet.drains.nearest(slot, parents) is not None,
        )
        for slot in slots
    ]


def matching_providers(fleet: Fleet, query: ProviderFilter) -> Mask:
    """Return, by slot, whether it is a provider that matches on its own; raises ClassNotFound, TraitsNotFound."""
    required = (frozenset((query.trait,)),) if query.trait else ()
    member_of = (frozenset((query.aggregate,)),) if query.aggregate else ()
    compiled = compile_filter(
        fleet, Filter(resources=query.room, required=required, member_of=member_of), joint_traits=False
    )
    found: Mask = fleet.root.values != NO_SLOT
    if not compiled.possible:
        return np.zeros_like(found)
    if query.root:
        found &= fleet.root.values == fleet.slot_of.get(query.root, len(found))
    if query.resource_class:
        column = fleet.columns.get(fleet.catalogue.class_id(query.resource_class))
        having = np.zeros_like(found)
        having[column.slots.values if column else []] = True
        found &= having
    if query.drained or (query.room and fleet.drains.by_slot):
        found &= _drained_themselves(fleet) if query.drained else ~fleet.drains.mask(fleet.parent.values)
    view = SlotRange(0, len(found))
    matching = has_room(fleet, compiled.demands, view, provider_matches(fleet, compiled, view))
    found = found if matching is None else found & matching
    return hosts_with_name(fleet, _with_uuid_prefix(fleet, found, query.uuid), query.name)


def drain_state(fleet: Fleet, slot: int) -> DrainState | None:
    """Return why a provider takes no new claims; None if it does."""
    found = fleet.drains.nearest(slot, fleet.parent.values) if fleet.drains.by_slot else None
    if found is None:
        return None
    at, drain = found
    return DrainState(fleet.uuids[at], fleet.names[at], drain.since, drain.by, drain.why)


def _drained_themselves(fleet: Fleet) -> Mask:
    drained = np.zeros(len(fleet.uuids), dtype=np.bool_)
    drained[list(fleet.drains.by_slot)] = True
    return drained


def _with_uuid_prefix(fleet: Fleet, slots: Mask, uuid: str) -> Mask:
    """Return which of these providers have uuids with this prefix."""
    if not uuid:
        return slots
    prefix = uuid.lower()
    return narrowed(slots, fleet.uuids, lambda some: [each.startswith(prefix) for each in some])


def _item(fleet: Fleet, slot: int, resources: dict[str, ResourceUsage], pending: Resources) -> ProviderItem:
    provider_ = provider(fleet, fleet.uuids[slot])
    return ProviderItem(
        provider_.uuid,
        provider_.name,
        provider_.generation,
        provider_.parent,
        provider_.root,
        provider_.created_at,
        provider_.updated_at,
        resources,
        pending,
        drain_state(fleet, slot),
    )
