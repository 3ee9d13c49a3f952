"""All groups of a request over the whole fleet at once; those that ask for the same are sifted once."""

from __future__ import annotations

from dataclasses import dataclass

from berth.fleet.explain.constraints import CLASS_KINDS, ConstraintKey, ConstraintMask, root_constraints
from berth.fleet.explain.group import NO_KEYS, GroupFunnelBuilder
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.request import CandidateRequest, Group


@dataclass(frozen=True, slots=True)
class DistinctGroup:
    """Groups that ask for the same."""

    group_builder: GroupFunnelBuilder
    suffixes: list[str]

    @property
    def named(self) -> str:
        """These groups in words."""
        if self.suffixes == [""]:
            return "the unsuffixed group"
        return f"group{'s' * (len(self.suffixes) > 1)} {', '.join(self.suffixes)}"


class RequestFunnelBuilder:
    """In which trees each group finds something, and in which all would if something were dropped."""

    def __init__(self, view: WholeFleet, request: CandidateRequest) -> None:
        self.view = view
        self.root_constraints = list(root_constraints(view, request.root_required, request.root_forbidden))
        self._by_content: dict[object, DistinctGroup] = {}
        self._without: dict[ConstraintKey, Mask] = {}
        for group in request.groups:
            if _content(group) not in self._by_content:
                self._by_content[_content(group)] = DistinctGroup(GroupFunnelBuilder(view, group), [])
            self.of(group).suffixes.append(group.suffix)

    @property
    def distinct(self) -> list[DistinctGroup]:
        """The groups that differ in more than their suffixes."""
        return list(self._by_content.values())

    def of(self, group: Group) -> DistinctGroup:
        """The ones that this group is among."""
        return self._by_content[_content(group)]

    def fitting(self, without: frozenset[ConstraintKey] = NO_KEYS, leave_out: DistinctGroup | None = None) -> Mask:
        """By slot: which roots are right and find something for every group, if this were dropped."""
        found = self.view.roots
        for constraint in self.root_constraints:
            if constraint.key not in without:
                found = found & constraint.holds[: self.view.own]
        for distinct in self._by_content.values():
            if distinct is not leave_out:
                found = found & distinct.group_builder.fitting_without(without)
        return found

    def without(self, constraint: ConstraintMask) -> Mask:
        """The same without one constraint, from all groups that make it."""
        if constraint.key not in self._without:
            self._without[constraint.key] = (
                self.fitting()
                if constraint.kind not in CLASS_KINDS and constraint.holds.all()
                else self.fitting(constraint.dropped)
            )
        return self._without[constraint.key]


def _content(group: Group) -> object:
    """All that a group asks for, whatever it is called; the unsuffixed one is of its own kind."""
    return (
        group.one_provider,
        tuple(group.resources.items()),
        group.required,
        group.forbidden,
        group.member_of,
        group.not_member_of,
        group.in_tree,
    )
