"""The provider tree of a machine.

The machine is the root; below it are its NUMA nodes if it has several, and the filesystems other
than `/`; GPUs and devices with virtual functions are below their NUMA node.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Final

import msgspec

from berth.discover.cpu_flags import cpu_traits
from berth.discover.machine import Device, DeviceKind, Filesystem, HugePages, Machine, Node
from berth.model.inventory import MAX_INT, Inventory
from berth.model.names import NAME_LENGTH, STANDARD_TRAITS

NAMESPACE: Final = uuid.UUID("5b0a7a1e-3f0c-4c57-9d3e-7f6d0b0c2f11")
"""The namespace of the uuids of discovered providers (RFC 9562, version 5). Changing it orphans every machine."""

NUMA_ROOT: Final = "HW_NUMA_ROOT"
HUGE_PAGES: Final = "CUSTOM_HUGEPAGES_"
CUDA: Final = "HW_GPU_CUDA_COMPUTE_CAPABILITY_V"

DEVICE_CLASSES: Final = {
    DeviceKind.GPU: "PGPU",
    DeviceKind.SHARED_GPU: "VGPU",
    DeviceKind.NETWORK: "SRIOV_NET_VF",
    DeviceKind.ACCELERATOR: "PCI_DEVICE",
    DeviceKind.FUNCTIONS: "PCI_DEVICE",
}

_STANDARD: Final = frozenset(STANDARD_TRAITS)


class FoundProvider(msgspec.Struct, frozen=True):
    """A provider as it should be registered.

    uuid: the same at every reading; parent: the uuid of the parent, None for the machine itself; about: a
    description for people.
    """

    uuid: str
    name: str
    parent: str | None
    inventories: dict[str, Inventory]
    traits: frozenset[str]
    about: str
    children: tuple[FoundProvider, ...] = ()

    def walk(self) -> Iterator[FoundProvider]:
        """Yield this provider and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


class Naming(msgspec.Struct, frozen=True):
    """The names and uuids of the providers of one machine."""

    identity: str
    name: str

    def uuid(self, path: str) -> str:
        """Return the uuid of the provider at a path within the machine ("" is the machine itself)."""
        return str(uuid.uuid5(NAMESPACE, f"{self.identity}:{path}"))

    def name_of(self, path: str) -> str:
        """Return the name of the provider at a path, in nova's style: host_NUMA0, host_0000:3B:00.0."""
        return f"{self.name}_{path}" if path else self.name

    def owns(self, uuid: str, name: str) -> bool:
        """Whether a registered provider was once discovered on this machine, under any host name."""
        tails = (name[place.end() :] for place in re.finditer("_", name))
        return any(self.uuid(path) == uuid for path in ("", *tails))


def machine_tree(machine: Machine, name: str | None = None, dedicated: frozenset[int] = frozenset()) -> FoundProvider:
    """Return the provider tree of a machine.

    name: of the root (None: the host name). dedicated: numbers of the processors to offer as PCPU, like
    nova's cpu_dedicated_set; all others are VCPU.
    """
    naming = Naming(machine.identity, name or machine.name)
    nodes = available_nodes(machine)
    several = len(nodes) > 1
    below = [node_provider(machine, naming, node, dedicated) for node in nodes] if several else []
    below += [filesystem_provider(machine, naming, each) for each in machine.filesystems if counts(each)]
    places = {node.id: naming.uuid(f"NUMA{node.id}") for node in nodes} if several else {}
    devices = [device_provider(naming, device, places) for device in machine.devices]
    return assembled(machine_provider(machine, naming, nodes, dedicated), [*below, *devices])


def assembled(top: FoundProvider, rest: list[FoundProvider]) -> FoundProvider:
    """Return `top` with its descendants from a flat list."""
    children = tuple(assembled(each, rest) for each in rest if each.parent == top.uuid)
    return msgspec.structs.replace(top, children=children)


def available_nodes(machine: Machine) -> tuple[Node, ...]:
    """Return the NUMA nodes with their available processors and memory.

    On a machine, everything is available; in a container, only the processors and memory that it may use. A limit
    on processor time or bytes applies to no single node, so the nodes are then merged into one.
    """
    limits = machine.limits
    if machine.container is None:
        return machine.nodes
    nodes = [within(node, limits.processors, limits.nodes) for node in machine.nodes]
    nodes = [node for node in nodes if node.cpus or node.memory_kb]
    cpus = frozenset[int]().union(*(node.cpus for node in nodes))
    memory_kb = sum(node.memory_kb for node in nodes)
    few = limits.cpus is not None and limits.cpus < len(cpus)
    little = limits.memory_bytes is not None and limits.memory_bytes < memory_kb * 1024
    if not few and not little:
        return tuple(nodes)
    if limits.cpus is not None and few:
        cpus = frozenset(sorted(cpus)[: max(1, int(limits.cpus))])
    if limits.memory_bytes is not None and little:
        # The limit applies to ordinary memory: huge pages have limits of their own.
        return (Node(0, cpus, limits.memory_bytes // 1024),)
    pools = merged([pool for node in nodes for pool in node.huge_pages])
    return (Node(0, cpus, memory_kb, pools),)


def within(node: Node, processors: frozenset[int] | None, nodes: frozenset[int] | None) -> Node:
    """Return the part of a node that a process restricted to these processors and nodes can use."""
    cpus = node.cpus if processors is None else node.cpus & processors
    if nodes is None or node.id in nodes:
        return msgspec.structs.replace(node, cpus=cpus)
    return Node(node.id, cpus, 0)


def merged(pools: list[HugePages]) -> tuple[HugePages, ...]:
    """Return pools with those of the same page size merged."""
    sizes = sorted({pool.size_kb for pool in pools})
    return tuple(HugePages(size, sum(pool.count for pool in pools if pool.size_kb == size)) for size in sizes)


def machine_provider(
    machine: Machine, naming: Naming, nodes: tuple[Node, ...], dedicated: frozenset[int]
) -> FoundProvider:
    """Return the root: the filesystem at `/`, and everything of the NUMA node if there is only one.

    It is then the NUMA root as well. Processors' traits are here as well as on each node, so that
    root_required can name them.
    """
    inventories: dict[str, Inventory] = {}
    traits = set(cpu_traits(machine.cpus))
    if len(nodes) == 1:
        inventories |= node_inventories(nodes[0], dedicated)
        traits |= {NUMA_ROOT} if len(machine.nodes) == 1 else set()
    for filesystem in machine.filesystems:
        if filesystem.path == "/":
            inventories |= disk(filesystem)
            traits |= disk_traits(machine, filesystem)
    return FoundProvider(
        naming.uuid(""), naming.name_of(""), None, inventories, frozenset(traits), machine_about(machine)
    )


def machine_about(machine: Machine) -> str:
    """Return a description of a machine, in one line."""
    parts = [machine.cpus.model or machine.cpus.architecture]
    if machine.cpus.cores:
        parts.append(f"{machine.cpus.sockets or 1} x {machine.cpus.cores // (machine.cpus.sockets or 1)} cores")
    if machine.virtual:
        parts.append(f"virtual machine on {machine.virtual}")
    if machine.container:
        parts.append(f"container ({machine.container})")
    return ", ".join(parts)


def node_provider(machine: Machine, naming: Naming, node: Node, dedicated: frozenset[int]) -> FoundProvider:
    """Return one of several NUMA nodes, with its processors' traits: a request is matched against the node."""
    path = f"NUMA{node.id}"
    traits = cpu_traits(machine.cpus) if node.cpus else frozenset[str]()
    inventories = node_inventories(node, dedicated)
    return FoundProvider(
        naming.uuid(path), naming.name_of(path), naming.uuid(""), inventories, traits | {NUMA_ROOT}, "NUMA node"
    )


def node_inventories(node: Node, dedicated: frozenset[int]) -> dict[str, Inventory]:
    """Return the inventories of a node: processors, huge pages, and memory without huge pages."""
    paged_kb = sum(pool.size_kb * pool.count for pool in node.huge_pages)
    totals = {
        "VCPU": len(node.cpus - dedicated),
        "PCPU": len(node.cpus & dedicated),
        "MEMORY_MB": max(0, node.memory_kb - paged_kb) // 1024,
        **{huge_page_class(pool.size_kb): pool.count for pool in node.huge_pages},
    }
    return {name: whole(total) for name, total in totals.items() if total > 0}


def huge_page_class(size_kb: int) -> str:
    """Return the class for huge pages of one size, counted in pages: CUSTOM_HUGEPAGES_2MB, CUSTOM_HUGEPAGES_1GB."""
    for unit, size in (("GB", 1 << 20), ("MB", 1 << 10)):
        if size_kb % size == 0:
            return f"{HUGE_PAGES}{size_kb // size}{unit}"
    return f"{HUGE_PAGES}{size_kb}KB"


def whole(total: int) -> Inventory:
    """Return an inventory that one claim may use completely."""
    bounded = min(total, MAX_INT)
    return Inventory(total=bounded, max_unit=bounded)


def disk(filesystem: Filesystem) -> dict[str, Inventory]:
    """Return a filesystem's size in whole GiB, as nova counts DISK_GB; empty if it is smaller than one."""
    total = filesystem.size_bytes >> 30
    return {"DISK_GB": whole(total)} if total else {}


def counts(filesystem: Filesystem) -> bool:
    """Whether a filesystem has a provider of its own: not `/`, which is the machine's, and not too small to claim."""
    return filesystem.path != "/" and bool(disk(filesystem))


def disk_traits(machine: Machine, filesystem: Filesystem) -> set[str]:
    """Return the traits for the kind of disk. Disks of virtual machines always claim to rotate, so they have none."""
    if machine.virtual or filesystem.rotational is None:
        return set()
    return {"STORAGE_DISK_HDD" if filesystem.rotational else "STORAGE_DISK_SSD"}


def filesystem_provider(machine: Machine, naming: Naming, filesystem: Filesystem) -> FoundProvider:
    """Return the provider for a filesystem other than `/`."""
    traits = frozenset(disk_traits(machine, filesystem))
    return FoundProvider(
        naming.uuid(filesystem.path),
        naming.name_of(filesystem.path),
        naming.uuid(""),
        disk(filesystem),
        traits,
        f"{filesystem.kind} filesystem",
    )


def device_provider(naming: Naming, device: Device, places: dict[int, str]) -> FoundProvider:
    """Return the provider for a PCI device, below its NUMA node if the tree has it (places: uuids by node number)."""
    path = device.address.upper()
    parent = naming.uuid("") if device.node is None else places.get(device.node, naming.uuid(""))
    inventories = {DEVICE_CLASSES[device.kind]: whole(device.units)}
    model = ", ".join(filter(None, (device.model, f"{device.vendor}:{device.product}".lower().strip(":"))))
    about = f"{device.kind.value} ({model})"
    return FoundProvider(naming.uuid(path), naming.name_of(path), parent, inventories, device_traits(device), about)


def device_traits(device: Device) -> frozenset[str]:
    """Return the traits for a device's vendor, product and capabilities.

    Standard traits if the catalogue has them; its CUDA versions end at 7.2, later ones are custom.
    """
    traits = set()
    if device.vendor:
        traits.add(f"CUSTOM_PCI_VENDOR_{device.vendor}")
    if device.vendor and device.product:
        traits.add(f"CUSTOM_PCI_PRODUCT_{device.vendor}_{device.product}")
    if device.kind in (DeviceKind.GPU, DeviceKind.SHARED_GPU) and device.model:
        traits.add(custom("GPU", device.model))
    if device.kind is DeviceKind.NETWORK:
        traits.add("HW_NIC_SRIOV")
    if device.compute:
        trait = CUDA + device.compute.replace(".", "_")
        traits.add(trait if trait in _STANDARD else f"CUSTOM_{trait}")
    return frozenset(traits)


def custom(kind: str, words: str) -> str:
    """Return a custom trait from a kind and any text: CUSTOM_GPU_NVIDIA_A100_SXM4_80GB."""
    legal = re.sub("[^A-Z0-9]+", "_", words.upper()).strip("_")
    return f"CUSTOM_{kind}_{legal}"[:NAME_LENGTH]
