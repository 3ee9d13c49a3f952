"""Which hosts are like that: trees, by what their providers are, are in, or have room for."""

from __future__ import annotations

import numpy as np

from berth.fleet.explain.group import GroupFunnelBuilder
from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import SlotRange, provider_matches
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.overview import MapQuery
from berth.model.request import Filter, Group


def matching_hosts(fleet: Fleet, query: MapQuery) -> Mask:
    """By slot: whether it is the root of a tree that is like that; ClassNotFound, TraitsNotFound.

    name: a part of the root's name, in upper or lower case. trait, aggregate: some provider of the tree has it, is
    in it. room: an unsuffixed group could have these amounts there, from any providers of the tree and those that
    share with it; so a find for them has a candidate around this tree.
    """
    found = fleet.root.values == np.arange(len(fleet.uuids))
    if query.trait:
        found &= _trees_with(fleet, Filter(required=(frozenset((query.trait,)),)))
    if query.aggregate:
        found &= _trees_with(fleet, Filter(member_of=(frozenset((query.aggregate,)),)))
    if query.room:
        for name in query.room:
            fleet.catalogue.class_id(name)
        found &= GroupFunnelBuilder(WholeFleet(fleet), Group(resources=query.room)).fitting
    return hosts_with_name(fleet, found, query.name)


def hosts_with_name(fleet: Fleet, slots: Mask, part: str) -> Mask:
    """Those of these providers that have this part in their names, in upper or lower case."""
    if not part:
        return slots
    lower, names = part.lower(), fleet.names
    at = np.flatnonzero(slots)
    found = np.zeros_like(slots)
    found[at[[lower in names[slot].lower() for slot in at.tolist()]]] = True
    return found


def _trees_with(fleet: Fleet, query: Filter) -> Mask:
    """By slot: whether it is the root of a tree in which some provider is like that."""
    providers = provider_matches(fleet, compile_filter(fleet, query, spread=False), SlotRange(0, len(fleet.uuids)))
    roots = fleet.root.values[providers]
    found = np.zeros(len(fleet.uuids), dtype=np.bool_)
    found[roots[roots != NO_SLOT]] = True
    return found
