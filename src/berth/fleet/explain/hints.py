"""Hints: what could be asked for, or changed, instead of a constraint that no provider meets. Each is tried first."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec.structs import replace

from berth.fleet.explain.constraints import ConstraintMask, have_any
from berth.fleet.explain.request import DistinctGroup, RequestFunnelBuilder
from berth.fleet.find.find import find
from berth.model.funnel import Constraint
from berth.model.request import CandidateRequest

MOST_TRIED: Final = 8
"""How many pools are tried for a hint: each costs as much as the funnel of a group."""


def hint(builder: RequestFunnelBuilder, constraint: ConstraintMask, distinct: DistinctGroup) -> str:
    """Return a hint for a constraint of a group, "" if there is none that would lead to candidates."""
    if constraint.kind is Constraint.REQUIRED:
        return _root_trait(builder, constraint)
    if constraint.kind is Constraint.MEMBER_OF:
        return _pool_outside(builder, constraint, distinct)
    return ""


def _root_trait(builder: RequestFunnelBuilder, constraint: ConstraintMask) -> str:
    """Return the hint that a root has a trait which its providers lack."""
    view, trees = builder.view, builder.without(constraint)
    for name in constraint.names:
        roots = np.flatnonzero(trees & have_any(view, (name,))[: view.own])
        if len(roots) and find(view.fleet, _required_of_root(builder.request, constraint, name)).candidates:
            trait = "this trait" if len(constraint.names) == 1 else name
            return f"host {view.fleet.names[int(roots[0])]} itself has {trait}: require it with --root-trait"
    return ""


def _required_of_root(request: CandidateRequest, constraint: ConstraintMask, name: str) -> CandidateRequest:
    """Return the request with a trait required of the root instead of the constraint, in every group that makes it."""
    groups = [
        replace(group, required=tuple(each for each in group.required if tuple(sorted(each)) != constraint.names))
        for group in request.groups
    ]
    return replace(request, groups=tuple(groups), root_required=request.root_required | {name}, limit=1)


def _pool_outside(builder: RequestFunnelBuilder, constraint: ConstraintMask, distinct: DistinctGroup) -> str:
    """Return the hint that a tree is in an aggregate, but the pool that it needs is not.

    Only where nothing is asked of several providers together: whether the pool would do depends on them otherwise.
    """
    request, group_builder = builder.request, distinct.group_builder
    if len(request.groups) > 1 or group_builder.group_traits or request.same_subtrees or request.one_provider_per_tree:
        return ""
    view, fleet = builder.view, builder.view.fleet
    inside = fleet.aggregate_sets.having_any(fleet.catalogue.requested_aggregate_ids(constraint.names))
    tried = 0
    for root in np.flatnonzero(builder.without(constraint) & inside[fleet.aggregate_set.values]).tolist():
        for pool in fleet.shared_with_set(fleet.aggregate_set.item(root)):
            if inside[fleet.aggregate_set.values[pool]]:
                continue
            as_member = (view.slots == pool) & (view.anchors == root)
            if group_builder.trees_if(constraint, constraint.holds | as_member)[root]:
                return f"{fleet.names[root]} is in it, but {fleet.names[pool]}, which shares resources with it, is not"
            tried += 1
            if tried == MOST_TRIED:
                return ""
    return ""
