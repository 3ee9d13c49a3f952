"""NUMA nodes with their processors, memory and huge pages, from /sys/devices/system/node and /proc/meminfo."""

from __future__ import annotations

import re
from typing import Final

from berth.discover.cpus import numbers, range_text
from berth.discover.machine import HugePages, Node
from berth.discover.source import MachineSource

NODES: Final = "sys/devices/system/node"
WHOLE_MACHINE_POOLS: Final = "sys/kernel/mm/hugepages"

TOLERANCE: Final = 0.02
"""By how much the nodes' memory may differ from the machine's before it is noted."""

_NODE = re.compile(r"node(\d{1,6})")
_POOL = re.compile(r"hugepages-(\d{1,12})kB")
_TOTAL = re.compile(r"MemTotal:\s*(\d{1,18}) kB")


def read_nodes(source: MachineSource, online: frozenset[int]) -> tuple[Node, ...]:
    """Return every NUMA node that has processors or memory, by number; one for everything if there is only one.

    With one node its own figures are not used: when memory was added at run time, some kernels update
    /proc/meminfo but not the node's file.
    """
    found = [int(match[1]) for name in source.names(NODES) if (match := _NODE.fullmatch(name))]
    nodes = [node for number in sorted(found) if (node := read_node(source, number, online)).cpus or node.memory_kb]
    if len(nodes) < 2:
        pools = read_pools(source, WHOLE_MACHINE_POOLS)
        return (Node(nodes[0].id if nodes else 0, online, machine_memory_kb(source), pools),)
    check_sums(source, nodes, online)
    return tuple(nodes)


def read_node(source: MachineSource, number: int, online: frozenset[int]) -> Node:
    """Return one node. It may have processors only, or memory only (such as a CXL card)."""
    folder = f"{NODES}/node{number}"
    return Node(
        number,
        numbers(source, f"{folder}/cpulist") & online,
        memory_kb(source, f"{folder}/meminfo"),
        read_pools(source, f"{folder}/hugepages"),
    )


def machine_memory_kb(source: MachineSource) -> int:
    """Return the total memory of the kernel."""
    return memory_kb(source, "proc/meminfo")


def memory_kb(source: MachineSource, path: str) -> int:
    """Return MemTotal of a file like /proc/meminfo; 0 (noted) if it is missing."""
    match = _TOTAL.search(source.text(path) or "")
    if match is None:
        source.note(f"/{path}", "has no MemTotal: memory not counted", hides=True)
        return 0
    return int(match[1])


def read_pools(source: MachineSource, folder: str) -> tuple[HugePages, ...]:
    """Return the pools of huge pages that have pages, by size."""
    sizes = sorted(int(match[1]) for name in source.names(folder) if (match := _POOL.fullmatch(name)))
    pools = (HugePages(size, source.number(f"{folder}/hugepages-{size}kB/nr_hugepages") or 0) for size in sizes)
    return tuple(pool for pool in pools if pool.count > 0)


def check_sums(source: MachineSource, nodes: list[Node], online: frozenset[int]) -> None:
    """Note the processors and memory of the machine that are in no node."""
    missing = online.difference(*(node.cpus for node in nodes))
    if missing:
        source.note(f"processors {range_text(missing)}", "in no NUMA node: not counted", hides=True)
    whole, parts = machine_memory_kb(source), sum(node.memory_kb for node in nodes)
    if abs(whole - parts) > TOLERANCE * whole:
        source.note(
            "memory", f"the NUMA nodes have {parts // 1024} MB, /proc/meminfo {whole // 1024} MB: the nodes are used"
        )
