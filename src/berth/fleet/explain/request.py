"""The funnels of all groups of a request over the whole fleet; equal groups are computed once."""

from __future__ import annotations

from dataclasses import dataclass

from berth.fleet.explain.constraints import CLASS_KINDS, ConstraintKey, ConstraintMask, root_constraints
from berth.fleet.explain.group import NO_KEYS, GroupFunnelBuilder
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.funnel import group_name
from berth.model.request import CandidateRequest, Group


@dataclass(frozen=True, slots=True)
class DistinctGroup:
    """Groups that differ in their suffixes only."""

    group_builder: GroupFunnelBuilder
    suffixes: list[str]

    @property
    def named(self) -> str:
        """The name of these groups in a sentence."""
        return group_name(*self.suffixes)


class RequestFunnelBuilder:
    """The trees in which each group finds something, and those in which all would if a constraint were dropped."""

    def __init__(self, view: WholeFleet, request: CandidateRequest) -> None:
        self.view, self.request = view, request
        self.root_constraints = list(root_constraints(view, request.root_required, request.root_forbidden))
        self._by_content: dict[object, DistinctGroup] = {}
        self._without: dict[ConstraintKey, Mask] = {}
        for group in request.groups:
            if _content(group) not in self._by_content:
                self._by_content[_content(group)] = DistinctGroup(GroupFunnelBuilder(view, group), [])
            self.distinct_of(group).suffixes.append(group.suffix)

    @property
    def distinct(self) -> list[DistinctGroup]:
        """The distinct groups, in the order of the request."""
        return list(self._by_content.values())

    def distinct_of(self, group: Group) -> DistinctGroup:
        """Return the distinct group that this group belongs to."""
        return self._by_content[_content(group)]

    def fitting(self, without: frozenset[ConstraintKey] = NO_KEYS, leave_out: DistinctGroup | None = None) -> Mask:
        """Return, by slot, the roots that satisfy the request's roots and every group, without these constraints."""
        found = self.view.roots
        for constraint in self.root_constraints:
            if constraint.key not in without:
                found = found & constraint.holds[: self.view.own]
        for distinct in self._by_content.values():
            if distinct is not leave_out:
                found = found & distinct.group_builder.fitting_without(without)
        return found

    def without(self, constraint: ConstraintMask) -> Mask:
        """Return the same as `fitting`, with one constraint dropped from all groups that make it."""
        if constraint.key not in self._without:
            self._without[constraint.key] = (
                self.fitting()
                if constraint.kind not in CLASS_KINDS and constraint.holds.all()
                else self.fitting(constraint.dropped)
            )
        return self._without[constraint.key]


def _content(group: Group) -> object:
    """Return everything that a group requests, apart from its suffix; the unsuffixed group equals no other."""
    return (
        group.one_provider,
        tuple(group.resources.items()),
        group.required,
        group.forbidden,
        group.member_of,
        group.not_member_of,
        group.in_tree,
    )
