"""All groups of a request over the whole fleet at once; those that ask for the same are sifted once."""

from __future__ import annotations

from dataclasses import dataclass

from berth.fleet.explain.constraints import OF_CLASS, ConstraintKey, ConstraintMask, of_roots
from berth.fleet.explain.group import NOTHING, GroupFunnelBuilder
from berth.fleet.find.whole_fleet import WholeFleet
from berth.fleet.state.columns import Mask
from berth.model.request import CandidateRequest, Group


@dataclass(frozen=True, slots=True)
class DistinctGroup:
    """Groups that ask for the same."""

    sieve: GroupFunnelBuilder
    suffixes: list[str]

    @property
    def named(self) -> str:
        """These groups in words."""
        if self.suffixes == [""]:
            return "the unsuffixed group"
        return f"group{'s' * (len(self.suffixes) > 1)} {', '.join(self.suffixes)}"


class RequestFunnelBuilder:
    """In which trees each group finds something, and in which all would if something were dropped."""

    def __init__(self, whole: WholeFleet, request: CandidateRequest) -> None:
        self.whole = whole
        self.root_parts = list(of_roots(whole, request.root_required, request.root_forbidden))
        self._by_content: dict[object, DistinctGroup] = {}
        self._without: dict[ConstraintKey, Mask] = {}
        for group in request.groups:
            if _content(group) not in self._by_content:
                self._by_content[_content(group)] = DistinctGroup(GroupFunnelBuilder(whole, group), [])
            self.of(group).suffixes.append(group.suffix)

    @property
    def distinct(self) -> list[DistinctGroup]:
        """The groups that differ in more than their suffixes."""
        return list(self._by_content.values())

    def of(self, group: Group) -> DistinctGroup:
        """The ones that this group is among."""
        return self._by_content[_content(group)]

    def fitting(self, without: frozenset[ConstraintKey] = NOTHING, leave_out: DistinctGroup | None = None) -> Mask:
        """By slot: which roots are right and find something for every group, if this were dropped."""
        found = self.whole.roots
        for part in self.root_parts:
            if part.key not in without:
                found = found & part.holds[: self.whole.own]
        for distinct in self._by_content.values():
            if distinct is not leave_out:
                found = found & distinct.sieve.fitting_without(without)
        return found

    def without(self, part: ConstraintMask) -> Mask:
        """The same without one constraint, from all groups that make it."""
        if part.key not in self._without:
            self._without[part.key] = (
                self.fitting() if part.kind not in OF_CLASS and part.holds.all() else self.fitting(part.dropped)
            )
        return self._without[part.key]


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
