"""From a machine to the provider tree that stands for it.

The tree: the machine at the root; below it its NUMA nodes if it has several, and the filesystems
other than `/`; GPUs and devices with virtual functions below the NUMA node that they hang on.
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
"""Where the uuids of discovered providers come from (RFC 9562, version 5). To change it is to forget every machine."""

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

    uuid: the same at every reading; parent: the uuid above, None for the machine itself; about: what
    it is, for people.
    """

    uuid: str
    name: str
    parent: str | None
    inventories: dict[str, Inventory]
    traits: frozenset[str]
    about: str
    children: tuple[FoundProvider, ...] = ()

    def walk(self) -> Iterator[FoundProvider]:
        """This provider and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


class Naming(msgspec.Struct, frozen=True):
    """How the providers of one machine are told apart."""

    identity: str
    name: str

    def uuid(self, path: str) -> str:
        """The uuid of the provider at a path within the machine ("" is the machine itself)."""
        return str(uuid.uuid5(NAMESPACE, f"{self.identity}:{path}"))

    def called(self, path: str) -> str:
        """Its name, in nova's manner: host_NUMA0, host_0000:3B:00.0."""
        return f"{self.name}_{path}" if path else self.name

    def owns(self, uuid: str, name: str) -> bool:
        """Whether a registered provider was once discovered on this machine, by whatever host name."""
        tails = (name[place.end() :] for place in re.finditer("_", name))
        return any(self.uuid(path) == uuid for path in ("", *tails))


def found(machine: Machine, name: str | None = None, dedicated: frozenset[int] = frozenset()) -> FoundProvider:
    """The provider tree of a machine.

    name: of the root (None: the host name). dedicated: numbers of the processors to count as PCPU, as
    nova's cpu_dedicated_set does; all others are VCPU.
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
    """The tree that the parents of a flat list describe."""
    children = tuple(assembled(each, rest) for each in rest if each.parent == top.uuid)
    return msgspec.structs.replace(top, children=children)


def available_nodes(machine: Machine) -> tuple[Node, ...]:
    """The NUMA nodes with what can be had of them.

    All, on a machine. In a container: only the processors and memory that it may use; a limit on time
    or bytes is not one of this or that node, so that they are then taken together.
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
        # Such a limit is on ordinary memory: huge pages have limits of their own.
        return (Node(0, cpus, limits.memory_bytes // 1024),)
    pools = merged([pool for node in nodes for pool in node.huge_pages])
    return (Node(0, cpus, memory_kb, pools),)


def within(node: Node, processors: frozenset[int] | None, nodes: frozenset[int] | None) -> Node:
    """What a process that may only use these processors and nodes has of a node."""
    cpus = node.cpus if processors is None else node.cpus & processors
    if nodes is None or node.id in nodes:
        return msgspec.structs.replace(node, cpus=cpus)
    return Node(node.id, cpus, 0)


def merged(pools: list[HugePages]) -> tuple[HugePages, ...]:
    """Pools of the same size as one."""
    sizes = sorted({pool.size_kb for pool in pools})
    return tuple(HugePages(size, sum(pool.count for pool in pools if pool.size_kb == size)) for size in sizes)


def machine_provider(
    machine: Machine, naming: Naming, nodes: tuple[Node, ...], dedicated: frozenset[int]
) -> FoundProvider:
    """The root: the filesystem at `/`, and everything of the only NUMA node if there is just one.

    It then is the root of that node too. Processors' traits are here as well as on each node, so that
    root_required can ask for them.
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
        naming.uuid(""), naming.called(""), None, inventories, frozenset(traits), machine_about(machine)
    )


def machine_about(machine: Machine) -> str:
    """One line on a machine, for people."""
    said = [machine.cpus.model or machine.cpus.architecture]
    if machine.cpus.cores:
        said.append(f"{machine.cpus.sockets or 1} x {machine.cpus.cores // (machine.cpus.sockets or 1)} cores")
    if machine.virtual:
        said.append(f"virtual machine on {machine.virtual}")
    if machine.container:
        said.append(f"container ({machine.container})")
    return ", ".join(said)


def node_provider(machine: Machine, naming: Naming, node: Node, dedicated: frozenset[int]) -> FoundProvider:
    """One of several NUMA nodes. Its processors' traits are on it: a request is matched against the one who gives."""
    path = f"NUMA{node.id}"
    traits = cpu_traits(machine.cpus) if node.cpus else frozenset[str]()
    inventories = node_inventories(node, dedicated)
    return FoundProvider(
        naming.uuid(path), naming.called(path), naming.uuid(""), inventories, traits | {NUMA_ROOT}, "NUMA node"
    )


def node_inventories(node: Node, dedicated: frozenset[int]) -> dict[str, Inventory]:
    """Processors, ordinary memory, and huge pages, whose memory is not ordinary any more."""
    paged_kb = sum(pool.size_kb * pool.count for pool in node.huge_pages)
    totals = {
        "VCPU": len(node.cpus - dedicated),
        "PCPU": len(node.cpus & dedicated),
        "MEMORY_MB": max(0, node.memory_kb - paged_kb) // 1024,
        **{huge_page_class(pool.size_kb): pool.count for pool in node.huge_pages},
    }
    return {name: whole(total) for name, total in totals.items() if total > 0}


def huge_page_class(size_kb: int) -> str:
    """The class for huge pages of one size, counted in pages: CUSTOM_HUGEPAGES_2MB, CUSTOM_HUGEPAGES_1GB."""
    for unit, size in (("GB", 1 << 20), ("MB", 1 << 10)):
        if size_kb % size == 0:
            return f"{HUGE_PAGES}{size_kb // size}{unit}"
    return f"{HUGE_PAGES}{size_kb}KB"


def whole(total: int) -> Inventory:
    """An inventory of which one claim may have everything."""
    bounded = min(total, MAX_INT)
    return Inventory(total=bounded, max_unit=bounded)


def disk(filesystem: Filesystem) -> dict[str, Inventory]:
    """A filesystem's size in full GiB, as nova counts DISK_GB; nothing if it has less than one."""
    total = filesystem.size_bytes >> 30
    return {"DISK_GB": whole(total)} if total else {}


def counts(filesystem: Filesystem) -> bool:
    """Whether a filesystem has a provider of its own: not `/`, which is the machine's, and not too small to claim."""
    return filesystem.path != "/" and bool(disk(filesystem))


def disk_traits(machine: Machine, filesystem: Filesystem) -> set[str]:
    """What sort of disk it is on. A virtual machine's disk says that it turns, whatever is below."""
    if machine.virtual or filesystem.rotational is None:
        return set()
    return {"STORAGE_DISK_HDD" if filesystem.rotational else "STORAGE_DISK_SSD"}


def filesystem_provider(machine: Machine, naming: Naming, filesystem: Filesystem) -> FoundProvider:
    """A filesystem other than the machine's own."""
    traits = frozenset(disk_traits(machine, filesystem))
    return FoundProvider(
        naming.uuid(filesystem.path),
        naming.called(filesystem.path),
        naming.uuid(""),
        disk(filesystem),
        traits,
        f"{filesystem.kind} filesystem",
    )


def device_provider(naming: Naming, device: Device, places: dict[int, str]) -> FoundProvider:
    """A PCI device, below its NUMA node if the tree has it (places: its uuid by the node's number)."""
    path = device.address.upper()
    parent = naming.uuid("") if device.node is None else places.get(device.node, naming.uuid(""))
    inventories = {DEVICE_CLASSES[device.kind]: whole(device.units)}
    said = ", ".join(filter(None, (device.model, f"{device.vendor}:{device.product}".lower().strip(":"))))
    about = f"{device.kind.value} ({said})"
    return FoundProvider(naming.uuid(path), naming.called(path), parent, inventories, device_traits(device), about)


def device_traits(device: Device) -> frozenset[str]:
    """Who made a device, which product it is, and what it can do.

    Standard traits where the catalogue has them; its CUDA versions end at 7.2, later ones are custom.
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
    """A custom trait made of a kind and words of any form: CUSTOM_GPU_NVIDIA_A100_SXM4_80GB."""
    legal = re.sub("[^A-Z0-9]+", "_", words.upper()).strip("_")
    return f"CUSTOM_{kind}_{legal}"[:NAME_LENGTH]
