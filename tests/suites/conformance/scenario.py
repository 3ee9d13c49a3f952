"""An operator's day with the command-line client, step by step, and the expected output of each step.

A step's command is a template over the names of `names`; the expected output is a value, compared with a view of the
JSON that the client prints.  Everything that is created is deleted again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

View = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Shows:
    """The command succeeds, and a view of what it prints equals ``expected``."""

    command: str
    view: View
    expected: object


@dataclass(frozen=True, slots=True)
class Silent:
    """The command succeeds, and prints nothing."""

    command: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The command fails, and prints ``why``."""

    command: str
    why: str


Step = Shows | Silent | Refused


def names() -> SimpleNamespace:
    """Return new names for everything that the scenario creates."""
    tag = uuid4().hex[:8]
    drawn = {name: str(uuid4()) for name in ("host", "numa", "disk", "agg", "vm", "vm2", "project", "user")}
    return SimpleNamespace(tag=tag, gold=f"CUSTOM_GOLD_{tag.upper()}", fast=f"CUSTOM_FAST_{tag.upper()}", **drawn)


def steps(n: SimpleNamespace) -> Iterator[Step]:
    """Yield the whole scenario: 63 steps."""
    for part in (_tree, _inventories, _traits_and_aggregates, _search, _claim, _release, _clean_up):
        yield from part(n)


def fields(*keys: str) -> View:
    """Return a view of some of an object's values."""
    return lambda data: tuple(data[key] for key in keys)


def column(key: str) -> View:
    """Return a view of one value of every row, sorted."""
    return lambda data: sorted(row[key] for row in data)


def table(key: str, *values: str) -> View:
    """Return a view of one value, or several, of every row by another."""
    wanted = itemgetter(*values)
    return lambda data: {row[key]: wanted(row) for row in data}


def everything(data: Any) -> object:
    """Return all that was printed."""
    return data


def candidates(data: Any) -> list[dict[str, dict[str, int]]]:
    """Return each candidate as its amounts by provider, sorted by the providers."""
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(dict)
    for row in data:
        taken = (part.split("=") for part in row["allocation"].split(","))
        found[row["#"]][row["resource provider"]] = {name: int(amount) for name, amount in taken}
    return sorted(found.values(), key=sorted)


def _tree(n: SimpleNamespace) -> list[Step]:
    """Yield steps: a host with a NUMA node, and a disk beside it."""
    rp = "resource provider"
    identity = ("uuid", "name", "generation", "parent_provider_uuid", "root_provider_uuid")
    return [
        Shows(
            f"{rp} create host-{n.tag} --uuid {n.host}",
            fields(*identity),
            (n.host, f"host-{n.tag}", 0, None, n.host),
        ),
        Shows(
            f"{rp} create numa-{n.tag} --uuid {n.numa} --parent-provider {n.host}",
            fields(*identity),
            (n.numa, f"numa-{n.tag}", 0, n.host, n.host),
        ),
        Shows(f"{rp} create disk-{n.tag} --uuid {n.disk}", fields("uuid"), (n.disk,)),
        Refused(f"{rp} create host-{n.tag}", "already exists"),
        Shows(f"{rp} list --in-tree {n.numa}", column("uuid"), sorted([n.host, n.numa])),
        Shows(f"{rp} set {n.host} --name node-{n.tag}", fields("uuid", "name"), (n.host, f"node-{n.tag}")),
        Shows(f"{rp} list --name node-{n.tag}", column("uuid"), [n.host]),
        Refused(f"{rp} delete {n.host}", "child resource providers"),
    ]


def _inventories(n: SimpleNamespace) -> list[Step]:
    """Yield steps: inventories, of standard classes and of a custom one."""
    inventory = "resource provider inventory"
    standard = {"VCPU", "MEMORY_MB", "DISK_GB", n.gold}
    several = "--resource VCPU=8 --resource VCPU:reserved=1 --resource VCPU:max_unit=4"
    return [
        Silent(f"resource class set {n.gold}"),
        Shows("resource class list", lambda data: {row["name"] for row in data} & standard, standard),
        Shows(
            f"{inventory} set {n.host} {several} --resource VCPU:allocation_ratio=2.0 --resource MEMORY_MB=4096",
            table("resource_class", "total", "reserved", "max_unit", "allocation_ratio"),
            {"VCPU": (8, 1, 4, 2.0), "MEMORY_MB": (4096, 0, 2147483647, 1.0)},
        ),
        Shows(
            f"{inventory} class set {n.host} MEMORY_MB --total 8192 --step_size 256",
            fields("total", "step_size"),
            (8192, 256),
        ),
        Shows(f"{inventory} set {n.numa} --resource {n.gold}=5", table("resource_class", "total"), {n.gold: 5}),
        Shows(f"{inventory} set {n.disk} --resource DISK_GB=1000", table("resource_class", "total"), {"DISK_GB": 1000}),
        Shows(f"{inventory} show {n.host} VCPU", fields("total", "min_unit", "used"), (8, 1, 0)),
        Refused(f"{inventory} set {n.numa} --resource CUSTOM_NONE_{n.tag.upper()}=1", "No such resource class"),
        Refused(f"resource class delete {n.gold}", "in use"),
    ]


def _traits_and_aggregates(n: SimpleNamespace) -> list[Step]:
    """Yield steps: traits and aggregates."""
    rp = "resource provider"
    shares = "MISC_SHARES_VIA_AGGREGATE"
    return [
        Silent(f"trait create {n.fast}"),
        Shows(
            f"{rp} trait set {n.host} --trait {n.fast} --trait HW_CPU_X86_AVX2",
            column("name"),
            [n.fast, "HW_CPU_X86_AVX2"],
        ),
        Shows(f"{rp} trait set {n.disk} --trait {shares}", column("name"), [shares]),
        Shows(f"trait list --name in:{n.fast}", column("name"), [n.fast]),
        Shows(f"{rp} show {n.host}", fields("generation"), (3,)),
        Shows(f"{rp} aggregate set {n.host} --aggregate {n.agg} --generation 3", column("uuid"), [n.agg]),
        Shows(f"{rp} aggregate set {n.disk} --aggregate {n.agg} --generation 2", column("uuid"), [n.agg]),
        Refused(f"{rp} aggregate set {n.host} --aggregate {n.agg} --generation 3", "HTTP 409"),
        Shows(f"{rp} list --member-of {n.agg}", column("uuid"), sorted([n.host, n.disk])),
        Shows(f"{rp} list --required {n.fast} --resource VCPU=4", column("uuid"), [n.host]),
    ]


def _search(n: SimpleNamespace) -> list[Step]:
    """Yield steps: candidates with processors of the host, gold of its child, and the shared disk."""
    find = "allocation candidate list"
    inventory = "resource provider inventory"

    def host_row(data: Any) -> object:
        (row,) = (row for row in data if row["resource provider"] == n.host)
        return "VCPU=0/14" in row["inventory used/capacity"], n.fast in row["traits"]

    both = sorted([{n.host: {"VCPU": 1, "DISK_GB": 10}}, {n.host: {"VCPU": 1}, n.disk: {"DISK_GB": 10}}], key=sorted)
    three = f"{find} --resource VCPU=4 --resource {n.gold}=2 --resource DISK_GB=10 --required {n.fast}"
    taken = {n.host: {"VCPU": 4}, n.numa: {n.gold: 2}, n.disk: {"DISK_GB": 10}}
    return [
        Shows(three, lambda data: (candidates(data), host_row(data)), ([taken], (True, True))),
        Shows(f"{find} --resource VCPU=5 --required {n.fast}", everything, []),
        Shows(f"{find} --resource VCPU=1 --resource {n.gold}=1 --forbidden {n.fast}", everything, []),
        Shows(
            f"{inventory} set {n.host} --amend --resource DISK_GB=100",
            column("resource_class"),
            ["DISK_GB", "MEMORY_MB", "VCPU"],
        ),
        Shows(f"{find} --resource VCPU=1 --resource DISK_GB=10", candidates, both),
        Shows(f"{find} --resource VCPU=1 --resource DISK_GB=10 --limit 1", lambda data: len(candidates(data)), 1),
        Silent(f"{inventory} delete {n.host} --resource-class DISK_GB"),
        Refused(f"{find} --resource VCPU=1 --required CUSTOM_NONE_{n.tag.upper()}", "No such trait"),
    ]


def _claim(n: SimpleNamespace) -> list[Step]:
    """Yield steps: a claim, its usages, and a refusal for lack of room."""
    claim, owner = "resource provider allocation", f"--project-id {n.project} --user-id {n.user}"
    wanted = f"--allocation rp={n.host},VCPU=4 --allocation rp={n.numa},{n.gold}=4 --allocation rp={n.disk},DISK_GB=10"
    used = {"VCPU": 4, n.gold: 4, "DISK_GB": 10}

    def made(data: Any) -> object:
        owners = {(row["project_id"], row["user_id"], row["consumer_type"]) for row in data}
        return table("resource_provider", "resources")(data), owners

    held = {n.host: {"VCPU": 4}, n.numa: {n.gold: 4}, n.disk: {"DISK_GB": 10}}
    usage = f"resource usage show {n.project}"
    counted = {"INSTANCE": {**used, "consumer_count": 1}}
    return [
        Shows(
            f"{claim} set {n.vm} {wanted} {owner} --consumer-type INSTANCE",
            made,
            (held, {(n.project, n.user, "INSTANCE")}),
        ),
        Shows(f"{claim} show {n.vm}", lambda data: [row["generation"] > 0 for row in data], [True] * 3),
        Shows(f"resource provider usage show {n.host}", table("resource_class", "usage"), {"VCPU": 4, "MEMORY_MB": 0}),
        Shows(f"{usage} --user-id {n.user} --os-placement-api-version 1.37", table("resource_class", "usage"), used),
        Shows(usage, table("resource_class", "usage"), counted),
        Refused(
            f"{claim} set {n.vm2} --allocation rp={n.numa},{n.gold}=2 {owner} --consumer-type INSTANCE", "HTTP 409"
        ),
        Shows(f"{claim} show {n.vm2}", everything, []),
        Refused(f"resource provider delete {n.disk}", "has allocations"),
        Refused(f"resource provider inventory delete {n.numa} --resource-class {n.gold}", "HTTP 409"),
    ]


def _release(n: SimpleNamespace) -> list[Step]:
    """Yield steps: release, one provider at a time."""
    claim, owner = "resource provider allocation", f"--project-id {n.project} --user-id {n.user}"
    held = table("resource_provider", "resources")
    return [
        Shows(f"{claim} unset {n.vm} --provider {n.numa}", held, {n.host: {"VCPU": 4}, n.disk: {"DISK_GB": 10}}),
        Shows(f"{claim} unset {n.vm} --resource-class DISK_GB", held, {n.host: {"VCPU": 4}}),
        Shows(
            f"{claim} set {n.vm2} --allocation rp={n.numa},{n.gold}=5 {owner} --consumer-type MIGRATION",
            held,
            {n.numa: {n.gold: 5}},
        ),
        Silent(f"{claim} delete {n.vm}"),
        Refused(f"{claim} delete {n.vm}", "HTTP 404"),
        Silent(f"{claim} delete {n.vm2}"),
        Shows(f"resource provider usage show {n.numa}", table("resource_class", "usage"), {n.gold: 0}),
        Shows(f"resource usage show {n.project} --os-placement-api-version 1.37", everything, []),
    ]


def _clean_up(n: SimpleNamespace) -> list[Step]:
    """Yield steps: delete everything."""
    rp = "resource provider"
    return [
        Silent(f"{rp} inventory delete {n.numa} --resource-class {n.gold}"),
        Silent(f"{rp} inventory delete {n.host}"),
        Shows(f"{rp} inventory list {n.host}", everything, []),
        Silent(f"{rp} trait delete {n.host}"),
        Silent(f"trait delete {n.fast}"),
        Silent(f"resource class delete {n.gold}"),
        Silent(f"{rp} delete {n.numa}"),
        Silent(f"{rp} delete {n.host}"),
        Silent(f"{rp} delete {n.disk}"),
        Shows(f"{rp} list --in-tree {n.host}", everything, []),
        Refused(f"{rp} show {n.host}", "HTTP 404"),
    ]
