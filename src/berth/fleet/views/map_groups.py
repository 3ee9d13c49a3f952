"""Hosts in groups that a person can take in: by aggregate, or by how their names begin; groups within groups.

A group's id is the way to it, step by step: "aggregate:<uuid>/stem:host-/start:host-00". A step says which hosts are in
it and nothing of the others, so an id means the same whatever comes, goes or is renamed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import Fleet
from berth.model.errors import Invalid
from berth.model.overview import GroupBy

MAX_GROUPS = 500
"""How many groups there are at most on one level."""

NAMES_PER_CHECK = 4096
"""How many names are looked at before they are counted."""

NO_AGGREGATE = "in no aggregate"
DIGITS = "0123456789"

AGGREGATE, AGGREGATES, STEM, START, NAME = "aggregate", "aggregates", "stem", "start", "name"
"""Steps: one aggregate, or those that begin so; names that are so but for digits at the end, begin so, or are so."""

OF_AGGREGATES, OF_NAMES = (AGGREGATE, AGGREGATES), (STEM, START, NAME)


@dataclass(frozen=True, slots=True)
class HostGroups:
    """Hosts in groups. last: the last step to each group, in order; member: by host, the number of its group."""

    by: GroupBy
    last_steps: list[tuple[str, str]]
    member: NDArray[np.intp]

    def ids(self, within: str) -> list[str]:
        """The way to each group."""
        prefix = f"{within}/" if within else ""
        return [f"{prefix}{step}:{quote(label, safe='')}" for step, label in self.last_steps]

    def names(self) -> list[str]:
        """Each group in words."""
        return [f"{label or NO_AGGREGATE}{'…' * (step in (START, AGGREGATES))}" for step, label in self.last_steps]


def steps(within: str) -> list[tuple[str, str]]:
    """The steps of a group's id; Invalid if it is none."""
    found = [(step, unquote(label)) for step, _, label in (each.partition(":") for each in within.split("/") if each)]
    if any(step not in OF_AGGREGATES + OF_NAMES for step, _ in found):
        raise Invalid(f"{within} is not the id of a group of hosts")
    return found


def hosts_within(fleet: Fleet, hosts: NDArray[np.intp], within: str) -> NDArray[np.intp]:
    """Those of these hosts that are in a group."""
    for step, label in steps(within):
        if step in OF_AGGREGATES:
            labels, member = _first_aggregates(fleet, hosts)
            hosts = hosts[_matches_step(step, label, labels)[member]]
        else:
            hosts = hosts[_matches_step(step, label, [fleet.names[slot] for slot in hosts.tolist()])]
    return hosts


def _matches_step(step: str, label: str, names: Sequence[str]) -> Mask:
    """Which of these names are what a step says."""
    if step in (START, AGGREGATES):
        found = [name.startswith(label) for name in names]
    elif step == STEM:
        found = [name.rstrip(DIGITS) == label for name in names]
    else:
        found = [name == label for name in names]
    return np.array(found, dtype=np.bool_)


def group_hosts(fleet: Fleet, hosts: NDArray[np.intp], by: GroupBy, within: str) -> HostGroups:
    """These hosts in groups, each a part of the group that they are within."""
    before = {step for step, _ in steps(within)}
    if by is not GroupBy.NAMES and before.isdisjoint((AGGREGATE, *OF_NAMES)):
        labels, member = _first_aggregates(fleet, hosts)
        if by is GroupBy.AGGREGATES or labels != [""]:
            return _group_by_aggregates(labels, member)
    names = [fleet.names[slot] for slot in hosts.tolist()]
    if before.isdisjoint(OF_NAMES):
        labels, member = _number_labels([name.rstrip(DIGITS) for name in names])
        if 1 < len(labels) <= MAX_GROUPS:
            return HostGroups(GroupBy.NAMES, [(STEM, label) for label in labels], member)
    length = _prefix_length(names)
    labels, member = _number_labels([name[:length] for name in names])
    return HostGroups(GroupBy.NAMES, [(START if len(label) == length else NAME, label) for label in labels], member)


def _first_aggregates(fleet: Fleet, hosts: NDArray[np.intp]) -> tuple[list[str], NDArray[np.intp]]:
    """The first aggregate of each host by its uuid, "" if it is in none: worked out for each distinct set of them."""
    sets, place = np.unique(fleet.aggregate_set.values[hosts], return_inverse=True)
    name_of = fleet.catalogue.name_of
    labels, member = _number_labels(
        [min(map(name_of, fleet.aggregate_sets.sets[number]), default="") for number in sets.tolist()]
    )
    return labels, member[place]


def _group_by_aggregates(labels: list[str], member: NDArray[np.intp]) -> HostGroups:
    if len(labels) <= MAX_GROUPS:
        return HostGroups(GroupBy.AGGREGATES, [(AGGREGATE, label) for label in labels], member)
    length = _prefix_length(labels)
    shorter, number = _number_labels([label[:length] for label in labels])
    last_steps = [(AGGREGATES if len(label) == length else AGGREGATE, label) for label in shorter]
    return HostGroups(GroupBy.AGGREGATES, last_steps, number[member])


def _prefix_length(names: Sequence[str]) -> int:
    """How many letters to look at so that names fall into as many groups as can be, but not too many."""
    first, last_steps, longest = min(names, default=""), max(names, default=""), max(map(len, names), default=0)
    length = 1 + next(
        (at for at, (one, other) in enumerate(zip(first, last_steps, strict=False)) if one != other), len(first)
    )
    while length < longest and _few_prefixes(names, length + 1):
        length += 1
    return length


def _few_prefixes(names: Sequence[str], length: int) -> bool:
    """Whether there are not too many different beginnings of this length: ends at the first sign that there are."""
    seen: set[str] = set()
    for at in range(0, len(names), NAMES_PER_CHECK):
        seen.update(name[:length] for name in names[at : at + NAMES_PER_CHECK])
        if len(seen) > MAX_GROUPS:
            return False
    return True


def _number_labels(labels: list[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Distinct labels in order, and by host which is its."""
    distinct = sorted(set(labels))
    number = {label: at for at, label in enumerate(distinct)}
    return distinct, np.fromiter((number[label] for label in labels), dtype=np.intp, count=len(labels))
