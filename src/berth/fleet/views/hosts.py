"""Hosts that match a map's filter: by name, and by traits, aggregates and room in their trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from berth.fleet.explain.group import GroupFunnelBuilder
from berth.fleet.find.compile import compile_filter
from berth.fleet.find.filters import SlotRange, provider_matches
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.overview import MapQuery
from berth.model.request import Filter, Group

FEW: Final = 4
"""Of how many providers one at most is looked up by its slot, rather than all of them compared."""


def matching_hosts(fleet: Fleet, query: MapQuery) -> Mask:
    """Return, by slot, whether it is a root that matches the query; raises ClassNotFound, TraitsNotFound.

    name: a part of the root's name, case-insensitive. trait, aggregate: some provider of the tree has it. room: an
    unsuffixed group would find these amounts there, on the providers of the tree and those that share with it; so a
    find for them has a candidate in this tree.
    """
    matching = fleet.root.values == np.arange(len(fleet.uuids))
    if query.trait:
        matching &= _trees_with(fleet, Filter(required=(frozenset((query.trait,)),)))
    if query.aggregate:
        matching &= _trees_with(fleet, Filter(member_of=(frozenset((query.aggregate,)),)))
    if query.room:
        for name in query.room:
            fleet.catalogue.class_id(name)
        matching &= GroupFunnelBuilder(WholeFleet(fleet), Group(resources=query.room)).fitting
    return hosts_with_name(fleet, matching, query.name)


def hosts_with_name(fleet: Fleet, slots: Mask, part: str) -> Mask:
    """Return which of these providers have this part in their names, case-insensitive."""
    if not part:
        return slots
    lower, names = part.lower(), fleet.names.lower
    return narrowed(slots, names, lambda some: [lower in name for name in some])


def narrowed(slots: Mask, texts: Sequence[str], matches: Callable[[Iterable[str]], list[bool]]) -> Mask:
    """Return which of these providers have a text that matches. texts: by slot, "" where no provider is."""
    at = np.flatnonzero(slots)
    if len(at) * FEW > len(slots):  # to look up each one takes longer than to compare it
        return slots & np.array(matches(texts), dtype=np.bool_)
    matching = np.zeros_like(slots)
    matching[at[matches(map(texts.__getitem__, at.tolist()))]] = True
    return matching


def _trees_with(fleet: Fleet, query: Filter) -> Mask:
    """Return, by slot, whether it is the root of a tree in which some provider matches."""
    providers = provider_matches(
        fleet, compile_filter(fleet, query, joint_traits=False), SlotRange(0, len(fleet.uuids))
    )
    roots = fleet.root.values[providers]
    matching = np.zeros(len(fleet.uuids), dtype=np.bool_)
    matching[roots[roots != NO_SLOT]] = True
    return matching
