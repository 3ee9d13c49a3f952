"""Placement's order of evaluation, imitated: group by group, ending at the first that finds nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from berth.fleet.find.find import find
from berth.fleet.state.fleet import Fleet
from berth.fleet.views.providers import providers
from berth.model.change import NameKind
from berth.model.request import CandidateRequest, Filter, Group, ProviderQuery


def placement_finds_nothing_first(fleet: Fleet, request: CandidateRequest) -> bool:
    """Whether a group that precedes the first unknown name of a request finds nothing on its own.

    Placement answers such a request with no candidates and never rejects the name, because it stops at that group.
    """
    if not _all_exist(fleet, NameKind.TRAIT, request.root_required | request.root_forbidden):
        return False
    if not _some_root_matches(fleet, request):
        return True
    for group in request.groups:
        if not _all_exist(fleet, NameKind.CLASS, group.resources):
            return False
        if group.member_of and not _some_provider_is_member(fleet, group):
            return True
        if not _all_exist(fleet, NameKind.TRAIT, group.forbidden.union(*group.required)):
            return False
        if not _group_finds_something(fleet, request, group):
            return True
    return False


def placement_lists_nothing_first(fleet: Fleet, query: ProviderQuery) -> bool:
    """Whether a filter that precedes the first unknown name of a provider query matches no provider."""
    if query.in_tree is not None and query.in_tree not in fleet.slot_of:
        return True
    if not _all_exist(fleet, NameKind.TRAIT, frozenset().union(*query.required)):
        return False
    if query.required and not providers(fleet, ProviderQuery(required=query.required)):
        return True
    if not _all_exist(fleet, NameKind.TRAIT, query.forbidden):
        return False
    return bool(query.member_of) and not _some_provider_is_member(fleet, query)


def _all_exist(fleet: Fleet, kind: NameKind, names: Iterable[str]) -> bool:
    return all(fleet.catalogue.id_of(kind, name) is not None for name in names)


def _some_root_matches(fleet: Fleet, request: CandidateRequest) -> bool:
    required = fleet.catalogue.trait_ids(request.root_required)
    forbidden = fleet.catalogue.trait_ids(request.root_forbidden)
    if not required and not forbidden:
        return True
    roots = fleet.root.values == np.arange(len(fleet.uuids))
    sets = (fleet.trait_sets.sets[number] for number in np.unique(fleet.trait_set.values[roots]).tolist())
    return any(required <= each and not forbidden & each for each in sets)


def _some_provider_is_member(fleet: Fleet, group: Filter) -> bool:
    in_use = np.unique(fleet.aggregate_set.values[fleet.root.values >= 0]).tolist()
    any_of = [fleet.catalogue.aggregate_ids(uuids) for uuids in group.member_of]
    return any(all(each & fleet.aggregate_sets.sets[number] for each in any_of) for number in in_use)


def _group_finds_something(fleet: Fleet, request: CandidateRequest, group: Group) -> bool:
    if not group.resources:
        return bool(providers(fleet, _as_query(group)))
    one_group = CandidateRequest(
        groups=(group,), limit=1, root_required=request.root_required, root_forbidden=request.root_forbidden
    )
    return bool(find(fleet, one_group).candidates)


def _as_query(group: Group) -> ProviderQuery:
    return ProviderQuery(
        required=group.required,
        forbidden=group.forbidden,
        member_of=group.member_of,
        not_member_of=group.not_member_of,
        in_tree=group.in_tree,
    )
