"""The true set of allocation candidates, by brute force over a snapshot of a small fleet.

Slow and obvious on purpose: it decides who is right where Placement's own answer is known to be wrong.
The rules are those of the API reference of ``GET /allocation_candidates`` at the newest microversion; older ones only
leave providers out of trees (before 1.29).
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

SHARES = "MISC_SHARES_VIA_AGGREGATE"
Part = tuple[str, str, int]
"""A provider's uuid, a class, an amount."""
Candidate = tuple[frozenset[Part], frozenset[tuple[str, frozenset[str]]]]
"""What is allocated, and which providers each group is mapped to."""


@dataclass(frozen=True, slots=True)
class Node:
    """One provider as it stands."""

    uuid: str
    parent: str | None
    root: str
    inventories: dict[str, dict[str, Any]]
    used: dict[str, int]
    traits: frozenset[str]
    aggregates: frozenset[str]

    def capacity(self, name: str) -> float:
        record = self.inventories[name]
        return float((record["total"] - record["reserved"]) * record["allocation_ratio"])

    def room_for(self, name: str, amount: int) -> bool:
        """Whether an allocation of its own would be accepted."""
        record = self.inventories.get(name)
        return (
            record is not None
            and self.used.get(name, 0) + amount <= self.capacity(name)
            and record["min_unit"] <= amount <= record["max_unit"]
            and amount % record["step_size"] == 0
        )


@dataclass(slots=True)
class Group:
    """One request group."""

    suffix: str
    resources: dict[str, int] = field(default_factory=dict)
    required: list[frozenset[str]] = field(default_factory=list)
    forbidden: frozenset[str] = frozenset()
    member_of: list[frozenset[str]] = field(default_factory=list)
    outside: frozenset[str] = frozenset()
    in_tree: str | None = None


@dataclass(slots=True)
class Asked:
    """A whole query."""

    groups: dict[str, Group] = field(default_factory=dict)
    policy: str = ""
    limit: int | None = None
    root_required: frozenset[str] = frozenset()
    root_forbidden: frozenset[str] = frozenset()
    subtrees: list[frozenset[str]] = field(default_factory=list)


def asked(query: str, version: tuple[int, int]) -> Asked:
    """Read a query that is known to be valid."""
    found = Asked()
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, value in pairs:
        if name == "limit":
            found.limit = found.limit or int(value)
        elif name == "group_policy":
            found.policy = dict(reversed(pairs))["group_policy"]
        elif name == "same_subtree":
            found.subtrees.append(frozenset(part.strip() for part in value.split(",")))
        elif name == "root_required":
            wanted, found.root_forbidden = _traits(value)
            found.root_required = frozenset().union(*wanted)
        else:
            _read_group(found, name, value, repeated=version >= (1, 39))
    return found


def _read_group(found: Asked, name: str, value: str, repeated: bool) -> None:
    kind = next(kind for kind in ("resources", "required", "member_of", "in_tree") if name.startswith(kind))
    suffix = name.removeprefix(kind)
    group = found.groups.setdefault(suffix, Group(suffix))
    if kind == "resources":
        group.resources = {part.split(":")[0]: int(part.split(":")[1]) for part in value.split(",")}
    elif kind == "required":
        wanted, unwanted = _traits(value)
        group.required = group.required + wanted if repeated else wanted
        group.forbidden = group.forbidden | unwanted if repeated else unwanted
    elif kind == "member_of":
        uuids = frozenset(value.removeprefix("!").removeprefix("in:").split(","))
        if value.startswith("!"):
            group.outside |= uuids
        else:
            group.member_of.append(uuids)
    else:
        group.in_tree = value.strip()


def _traits(value: str) -> tuple[list[frozenset[str]], frozenset[str]]:
    if value.startswith("in:"):
        return [frozenset(part.strip() for part in value[3:].split(","))], frozenset()
    parts = [part.strip() for part in value.split(",")]
    wanted = [frozenset([part]) for part in parts if not part.startswith("!")]
    return wanted, frozenset(part.lstrip("!") for part in parts if part.startswith("!"))


@dataclass(frozen=True, slots=True)
class Fill:
    """One way to satisfy one group, for the trees of one root."""

    suffix: str
    anchor: str
    parts: tuple[Part, ...]
    providers: frozenset[str]


def candidates(fleet: dict[str, Node], ask: Asked, nested: bool = True) -> Counter[Candidate]:
    """All candidates; each counts once.

    Not ``nested``: those with two providers of one tree are left out, as before 1.29.
    """
    by_anchor: dict[str, dict[str, list[Fill]]] = defaultdict(lambda: defaultdict(list))
    for group in ask.groups.values():
        for fill in (_suffixed if group.suffix else _unsuffixed)(fleet, group):
            if _root_fits(fleet[fill.anchor], ask):
                by_anchor[fill.anchor][group.suffix].append(fill)
    found: set[Candidate] = set()
    for fills in by_anchor.values():
        if len(fills) == len(ask.groups):
            found.update(_combined(fleet, ask, fills))
    if not nested:
        found = {candidate for candidate in found if _one_of_each_tree(fleet, candidate)}
    return Counter(found)


def _root_fits(root: Node, ask: Asked) -> bool:
    return ask.root_required <= root.traits and not ask.root_forbidden & root.traits


def _one_of_each_tree(fleet: dict[str, Node], candidate: Candidate) -> bool:
    providers = {uuid for uuid, _, _ in candidate[0]}
    return len(providers) == len({fleet[uuid].root for uuid in providers})


def _anchors(fleet: dict[str, Node], node: Node) -> set[str]:
    """The roots of all trees with which a sharing provider has an aggregate in common."""
    return {other.root for other in fleet.values() if SHARES in node.traits and other.aggregates & node.aggregates}


def _in_tree(fleet: dict[str, Node], group: Group, node: Node) -> bool:
    return group.in_tree is None or (group.in_tree in fleet and fleet[group.in_tree].root == node.root)


def _suffixed(fleet: dict[str, Node], group: Group) -> Iterator[Fill]:
    """A group with a suffix is satisfied by one provider that has everything."""
    for node in fleet.values():
        fits = (
            all(node.room_for(name, amount) for name, amount in group.resources.items())
            and all(any_of & node.traits for any_of in group.required)
            and not group.forbidden & node.traits
            and all(any_of & node.aggregates for any_of in group.member_of)
            and not group.outside & node.aggregates
            and _in_tree(fleet, group, node)
        )
        if fits:
            parts = tuple((node.uuid, name, amount) for name, amount in group.resources.items())
            for anchor in {node.root} | _anchors(fleet, node):
                yield Fill(group.suffix, anchor, parts, frozenset([node.uuid]))


def _unsuffixed(fleet: dict[str, Node], group: Group) -> Iterator[Fill]:
    """The group without a suffix may take each class from another provider of the tree, or from a sharing one."""
    choices = [_providers(fleet, group, name, amount) for name, amount in group.resources.items()]
    for anchor in {anchor for choice in choices for _, anchor in choice}:
        here = [[node for node, root in choice if root == anchor] for choice in choices]
        for nodes in itertools.product(*here):
            traits = frozenset().union(*(node.traits for node in nodes))
            if group.forbidden & traits or not all(any_of & traits for any_of in group.required):
                continue
            resources = zip(nodes, group.resources.items(), strict=True)
            parts = tuple((node.uuid, name, amount) for node, (name, amount) in resources)
            yield Fill("", anchor, parts, frozenset(node.uuid for node in nodes))


def _providers(fleet: dict[str, Node], group: Group, name: str, amount: int) -> list[tuple[Node, str]]:
    """Who can give one class, with the root of the tree that it would be given to."""
    found = []
    for node in fleet.values():
        if not node.room_for(name, amount) or not _in_tree(fleet, group, node):
            continue
        member = all(any_of & node.aggregates for any_of in group.member_of)
        shared = _anchors(fleet, node) if group.in_tree is None and member else set()
        for anchor in {node.root} | shared:
            root = fleet[anchor]
            inside = member or all(any_of & root.aggregates for any_of in group.member_of)
            if inside and not group.outside & (node.aggregates | root.aggregates):
                found.append((node, anchor))
    return found


def _combined(fleet: dict[str, Node], ask: Asked, fills: dict[str, list[Fill]]) -> Iterator[Candidate]:
    """Every choice of one fill for each group that keeps to policy, subtrees and capacity."""
    for chosen in itertools.product(*fills.values()):
        mappings = {fill.suffix: fill.providers for fill in chosen}
        suffixed = [next(iter(fill.providers)) for fill in chosen if fill.suffix]
        if ask.policy == "isolate" and len(set(suffixed)) < len(suffixed):
            continue
        if not all(_same_subtree(fleet, mappings, suffixes) for suffixes in ask.subtrees):
            continue
        amounts: Counter[tuple[str, str]] = Counter()
        for uuid, name, amount in itertools.chain.from_iterable(fill.parts for fill in chosen):
            amounts[uuid, name] += amount
        if all(_holds(fleet[uuid], name, amount) for (uuid, name), amount in amounts.items()):
            parts = frozenset((uuid, name, amount) for (uuid, name), amount in amounts.items())
            yield parts, frozenset(mappings.items())


def _holds(node: Node, name: str, amount: int) -> bool:
    """Whether the sum of several groups' amounts is within capacity and ``max_unit``."""
    return node.used.get(name, 0) + amount <= int(node.capacity(name)) and amount <= node.inventories[name]["max_unit"]


def _same_subtree(fleet: dict[str, Node], mappings: dict[str, frozenset[str]], suffixes: frozenset[str]) -> bool:
    uuids: frozenset[str] = frozenset().union(*(mappings.get(suffix, frozenset()) for suffix in suffixes))
    return any(all(top in _ancestors(fleet, uuid) for uuid in uuids) for top in uuids)


def _ancestors(fleet: dict[str, Node], uuid: str | None) -> set[str]:
    found: set[str] = set()
    while uuid is not None:
        found.add(uuid)
        uuid = fleet[uuid].parent
    return found


def snapshot(get: Callable[[str], Any]) -> dict[str, Node]:
    """Read a small fleet over REST; ``get`` answers with the JSON of a path at the newest microversion."""
    fleet = {}
    for row in get("/resource_providers")["resource_providers"]:
        path = f"/resource_providers/{row['uuid']}"
        fleet[row["uuid"]] = Node(
            row["uuid"],
            row["parent_provider_uuid"],
            row["root_provider_uuid"],
            get(f"{path}/inventories")["inventories"],
            get(f"{path}/usages")["usages"],
            frozenset(get(f"{path}/traits")["traits"]),
            frozenset(get(f"{path}/aggregates")["aggregates"]),
        )
    return fleet


def offered(answer: dict[str, Any], version: tuple[int, int]) -> Counter[Candidate]:
    """The candidates of an answer; without mappings before 1.34."""
    found: Counter[Candidate] = Counter()
    for request in answer["allocation_requests"]:
        entries = request["allocations"]
        if version < (1, 12):
            entries = {entry["resource_provider"]["uuid"]: entry for entry in entries}
        parts = frozenset((uuid, rc, n) for uuid, entry in entries.items() for rc, n in entry["resources"].items())
        mappings = {suffix: frozenset(uuids) for suffix, uuids in request.get("mappings", {}).items()}
        found[parts, frozenset(mappings.items())] += 1
    return found


def without_mappings(found: Counter[Candidate]) -> Counter[Candidate]:
    """The same candidates as they look before 1.34."""
    plain: Counter[Candidate] = Counter()
    for (parts, _), count in found.items():
        plain[parts, frozenset()] += count
    return plain
