"""Groups of hosts for a map: by aggregate or by the beginnings of names, nested.

The id of a group is the path to it: "aggregate:<uuid>/stem:host-/start:host-00". Each step depends only on the hosts
in the group, so an id keeps its meaning when other hosts are created, deleted or renamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from berth.fleet.checked import Check, checked, unchecked
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import Fleet
from berth.model.errors import Invalid
from berth.model.overview import GroupBy

MAX_GROUPS = 500
"""The most groups on one level."""

NAMES_PER_CHECK = 4096
"""Names that are processed before the prefixes are counted."""

NO_AGGREGATE = "in no aggregate"
RACK = "rack"
"""The kind of the aggregates by which hosts are grouped first: each host is in one, and people go there."""

DIGITS = "0123456789"

AGGREGATE, AGGREGATES, STEM, START, NAME = "aggregate", "aggregates", "stem", "start", "name"
"""The kinds of steps: one aggregate; aggregates by prefix; names without trailing digits; names by prefix; one name."""

AGGREGATE_STEPS, NAME_STEPS = (AGGREGATE, AGGREGATES), (STEM, START, NAME)


@dataclass(frozen=True, slots=True)
class HostGroups:
    """Hosts in groups.

    last_steps: of each group's id, in order; member: by host, the number of its group; labels: what people call the
    groups, where that is not in their ids.
    """

    by: GroupBy
    last_steps: list[tuple[str, str]]
    member: NDArray[np.intp]
    labels: Sequence[str] = ()

    def ids(self, within: str) -> list[str]:
        """Return the id of each group."""
        prefix = f"{within}/" if within else ""
        return [f"{prefix}{step}:{quote(label, safe='')}" for step, label in self.last_steps]

    def names(self) -> list[str]:
        """Return the name of each group."""
        labels = self.labels or [label for _, label in self.last_steps]
        return [
            f"{label or NO_AGGREGATE}{'…' * (step in (START, AGGREGATES))}"
            for label, (step, _) in zip(labels, self.last_steps, strict=True)
        ]


def steps(within: str) -> list[tuple[str, str]]:
    """Return the steps of a group's id; raises Invalid if it is none."""
    found = [(step, unquote(label)) for step, _, label in (each.partition(":") for each in within.split("/") if each)]
    if any(step not in AGGREGATE_STEPS + NAME_STEPS for step, _ in found):
        raise Invalid(f"{within} is not the id of a group of hosts")
    return found


def hosts_within(fleet: Fleet, hosts: NDArray[np.intp], within: str) -> NDArray[np.intp]:
    """Return the hosts that are in a group."""
    for step, label in steps(within):
        if step in AGGREGATE_STEPS:
            labels, member = _by_first_aggregate(fleet, hosts, unchecked)
            called = fleet.catalogue.aggregate_names.text(label) if step == AGGREGATE else label
            hosts = hosts[_matches_step(step, called, labels)[member]]
        else:
            hosts = hosts[_matches_step(step, label, [fleet.names[slot] for slot in hosts.tolist()])]
    return hosts


def _matches_step(step: str, label: str, names: Sequence[str]) -> Mask:
    """Return which of these names match a step."""
    if step in (START, AGGREGATES):
        found = [name.startswith(label) for name in names]
    elif step == STEM:
        found = [name.rstrip(DIGITS) == label for name in names]
    else:
        found = [name == label for name in names]
    return np.array(found, dtype=np.bool_)


def group_hosts(
    fleet: Fleet, hosts: NDArray[np.intp], by: GroupBy, within: str, check: Check = unchecked
) -> HostGroups:
    """Divide the hosts of a group into subgroups. check: called now and then."""
    previous_kinds = {step for step, _ in steps(within)}
    if by is not GroupBy.NAMES and previous_kinds.isdisjoint((AGGREGATE, *NAME_STEPS)):
        labels, member = _by_first_aggregate(fleet, hosts, check)
        if by is GroupBy.AGGREGATES or labels != [""]:
            return _group_by_aggregates(fleet, labels, member, check)
    names = [fleet.names[slot] for slot in hosts.tolist()]
    if previous_kinds.isdisjoint(NAME_STEPS):
        labels, member = _number_labels((name.rstrip(DIGITS) for name in names), check)
        if 1 < len(labels) <= MAX_GROUPS:
            return HostGroups(GroupBy.NAMES, [(STEM, label) for label in labels], member)
    length = _prefix_length(names, check)
    labels, member = _number_labels((name[:length] for name in names), check)
    return HostGroups(GroupBy.NAMES, [(START if len(label) == length else NAME, label) for label in labels], member)


def _by_first_aggregate(fleet: Fleet, hosts: NDArray[np.intp], check: Check) -> tuple[list[str], NDArray[np.intp]]:
    """Return the labels and, by host, its first aggregate by name, "" if none: computed per distinct set."""
    sets, place = np.unique(fleet.aggregate_set.values[hosts], return_inverse=True)
    labels, member = _number_labels(
        (_first_aggregate(fleet, fleet.aggregate_sets.sets[number]) for number in sets.tolist()), check
    )
    return labels, member[place]


def rack_names(fleet: Fleet, hosts: Sequence[int]) -> list[str]:
    """Return, by host, the name of its rack, else of its first aggregate that has a name, "" if none has."""
    known, label_of = fleet.catalogue.aggregate_names, dict[int, str]()
    if not known.uuids:
        return [""] * len(hosts)
    numbers = fleet.aggregate_set.values[list(hosts)].tolist()
    for number in set(numbers):
        label = _first_aggregate(fleet, fleet.aggregate_sets.sets[number])
        label_of[number] = label if known.uuid_of(label) else ""
    return [label_of[number] for number in numbers]


def _first_aggregate(fleet: Fleet, numbers: frozenset[int]) -> str:
    """Return the name of the rack among these aggregates, else of the first that has a name, else the first uuid."""
    known, uuids = fleet.catalogue.aggregate_names, map(fleet.catalogue.name_of, numbers)
    if not known.uuids:
        return min(uuids, default="")
    named = ((known.named(uuid), uuid) for uuid in uuids)
    return min(((each.kind != RACK, not each.name, each.name or uuid) for each, uuid in named), default=("",))[-1]


def _group_by_aggregates(fleet: Fleet, labels: list[str], member: NDArray[np.intp], check: Check) -> HostGroups:
    if len(labels) <= MAX_GROUPS:
        uuid_of = fleet.catalogue.aggregate_names.uuid_of
        last_steps = [(AGGREGATE, uuid_of(label) or label) for label in labels]
        return HostGroups(GroupBy.AGGREGATES, last_steps, member, labels)
    length = _prefix_length(labels, check)
    shorter, number = _number_labels((label[:length] for label in labels), check)
    last_steps = [(AGGREGATES if len(label) == length else AGGREGATE, label) for label in shorter]
    return HostGroups(GroupBy.AGGREGATES, last_steps, number[member])


def _prefix_length(names: Sequence[str], check: Check) -> int:
    """Return the prefix length that divides names into the most groups, up to MAX_GROUPS."""
    first, last, longest = min(names, default=""), max(names, default=""), max(map(len, names), default=0)
    length = 1 + next(
        (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    while length < longest and _few_prefixes(names, length + 1, check):
        length += 1
    return length


def _few_prefixes(names: Sequence[str], length: int, check: Check) -> bool:
    """Whether there are at most MAX_GROUPS different prefixes of this length; stops counting above that."""
    seen: set[str] = set()
    for at in range(0, len(names), NAMES_PER_CHECK):
        seen.update(name[:length] for name in names[at : at + NAMES_PER_CHECK])
        check()
        if len(seen) > MAX_GROUPS:
            return False
    return True


def _number_labels(labels: Iterable[str], check: Check) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct labels in order and, by host, the number of its label."""
    given = list(checked(labels, check))
    distinct = sorted(set(given))
    check()
    number = {label: at for at, label in enumerate(distinct)}
    return distinct, np.fromiter((number[label] for label in checked(given, check)), dtype=np.intp, count=len(given))
