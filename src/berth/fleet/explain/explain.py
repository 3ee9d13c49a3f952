"""The funnel of a request: the effect of each constraint, alone and combined, over the whole fleet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from msgspec.structs import replace

from berth.fleet.explain.constraints import ConstraintMask
from berth.fleet.explain.hints import hint
from berth.fleet.explain.joint import count_fitting_trees, obstacles
from berth.fleet.explain.request import DistinctGroup, RequestFunnelBuilder
from berth.fleet.explain.sentence import Blame, reason, why_not_together
from berth.fleet.explain.suggest import suggestions
from berth.fleet.find.budget import Budget
from berth.fleet.find.compile import compile_request
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import Fleet
from berth.model.change import NameKind
from berth.model.errors import Invalid
from berth.model.funnel import (
    Constraint,
    Funnel,
    FunnelStep,
    GroupFunnel,
    Hindrance,
    Together,
    TreeFunnel,
    UnknownName,
    shown_suffix,
)
from berth.model.request import CandidateRequest, Group


def explain(fleet: Fleet, request: CandidateRequest) -> Funnel:
    """Return what each constraint of a request removes, and how much would be left without it.

    Nothing is left if and only if `find` finds nothing, unless either was bounded. Traits and classes that do not
    exist are reported as unknown (`find` refuses them), and no provider has them. Raises Invalid for a request
    without resources.
    """
    if not any(group.resources for group in request.groups):
        raise Invalid("a request must ask for resources in at least one group")
    unknown = _unknown(fleet, request)
    view = WholeFleet(fleet)
    builder = RequestFunnelBuilder(view, request)
    funnels = {id(distinct): _group_funnel(builder, distinct) for distinct in builder.distinct}
    groups = [replace(funnels[id(builder.distinct_of(group))], suffix=group.suffix) for group in request.groups]
    trees = _tree_funnel(builder)
    joint = Together(hindrances=[], why="", left=0)
    if trees.with_all_groups and not unknown:
        joint = _joint_funnel(view, request, builder.fitting())
    why = reason(groups, trees, joint, unknown, _blames(builder, funnels, trees))
    return Funnel(groups=groups, trees=trees, together=joint, unknown=unknown, why=why)


def _group_funnel(builder: RequestFunnelBuilder, distinct: DistinctGroup) -> GroupFunnel:
    group_builder, steps = distinct.group_builder, []
    left = group_builder.total
    for constraint, remaining in group_builder.steps():
        steps.append(_step(builder, constraint, left, remaining, distinct))
        left = remaining
    return GroupFunnel(suffix="", counted=group_builder.counted, total=group_builder.total, steps=steps, left=left)


def _tree_funnel(builder: RequestFunnelBuilder) -> TreeFunnel:
    """Return the funnel of trees: the traits of the root first, as in the search, then a step per group."""
    roots, steps = builder.view.roots, []
    total = left = _count(roots)
    for constraint in builder.root_constraints:
        roots = roots & constraint.holds[: builder.view.own]
        steps.append(_step(builder, constraint, left, _count(roots)))
        left = steps[-1].left
    for distinct in builder.distinct:
        roots = roots & distinct.group_builder.fitting
        remaining = _count(roots)
        steps.append(
            FunnelStep(
                constraint=f"has what {distinct.named} needs",
                kind=Constraint.GROUP,
                name=", ".join(distinct.suffixes),
                left=remaining,
                removed=left - remaining,
                without=_count(builder.fitting(leave_out=distinct)),
            )
        )
        left = remaining
    return TreeFunnel(total=total, steps=steps, with_all_groups=left)


def _step(
    builder: RequestFunnelBuilder,
    constraint: ConstraintMask,
    before: int,
    left: int,
    distinct: DistinctGroup | None = None,
) -> FunnelStep:
    without = builder.without(constraint)
    return FunnelStep(
        constraint=constraint.description,
        kind=constraint.kind,
        name=constraint.name,
        amount=constraint.amount,
        left=left,
        removed=before - left,
        without=_count(without),
        nearest=None if distinct is None else distinct.group_builder.closest_amount(constraint, without),
    )


def _joint_funnel(view: WholeFleet, request: CandidateRequest, trees: Mask) -> Together:
    compiled = compile_request(view.fleet, request)
    fitting = count_fitting_trees(view, compiled, trees, Budget())
    hindrances, hypothetical_budget = [], Budget()  # one for all obstacles: there may be many
    for each in obstacles(
        compiled, [", ".join(map(shown_suffix, sorted(suffixes))) for suffixes in request.same_subtrees]
    ):
        without = (
            None
            if fitting.trees
            else count_fitting_trees(view, each.dropped, trees, hypothetical_budget, hypothetical=True)
        )
        hindrances.append(
            Hindrance(
                constraint=each.description,
                kind=each.kind,
                without=None if without is None else without.trees,
                bounded=without is not None and without.bounded,
            )
        )
    why = why_not_together(_count(trees), fitting.trees, fitting.bounded, hindrances)
    return Together(hindrances=hindrances, why=why, left=fitting.trees, bounded=fitting.bounded)


def _blames(builder: RequestFunnelBuilder, funnels: dict[int, GroupFunnel], trees: TreeFunnel) -> Iterator[Blame]:
    """Yield every constraint with its step, in the order of the search."""
    several_groups = len(builder.distinct) > 1
    only_class = len({name for distinct in builder.distinct for name in distinct.group_builder.group.resources}) == 1
    for constraint, step in zip(builder.root_constraints, trees.steps, strict=False):
        yield Blame(constraint, step, "", others=True)
    for distinct in builder.distinct:
        constraints = distinct.group_builder.constraints
        for constraint, step in zip(constraints, funnels[id(distinct)].steps, strict=True):
            others = (
                several_groups
                or any(other.names != constraint.names for other in constraints)
                or bool(builder.root_constraints)
            )
            yield Blame(
                constraint,
                step,
                distinct.named if several_groups else "",
                others=others,
                essential=only_class and constraint.kind is Constraint.CLASS,
                hint=partial(hint, builder, constraint, distinct),
            )


def _unknown(fleet: Fleet, request: CandidateRequest) -> list[UnknownName]:
    """Return the names of classes and traits that do not exist, with suggestions."""
    classes = {name for group in request.groups for name in group.resources}
    traits = request.root_required.union(request.root_forbidden, *(_traits(group) for group in request.groups))
    names_by_kind = (
        (NameKind.CLASS, Constraint.UNKNOWN_CLASS, classes),
        (NameKind.TRAIT, Constraint.UNKNOWN_TRAIT, traits),
    )
    return [
        UnknownName(kind=constraint, name=name, nearest=suggestions(fleet, kind, name))
        for kind, constraint, names in names_by_kind
        for name in sorted(names)
        if fleet.catalogue.id_of(kind, name) is None
    ]


def _traits(group: Group) -> frozenset[str]:
    return group.forbidden.union(*group.required)


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
