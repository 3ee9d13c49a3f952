"""The fleets that every server is loaded with. Names, uuids and draws follow from the seed, so all are loaded alike."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

CPU_TRAITS = ("HW_CPU_X86_AVX2", "HW_CPU_X86_AVX512F", "HW_CPU_X86_SSE42")
SHARES = "MISC_SHARES_VIA_AGGREGATE"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a provider has of one class. `max_unit` 0 means the total."""

    total: int
    reserved: int = 0
    allocation_ratio: float = 1.0
    max_unit: int = 0

    @property
    def largest(self) -> int:
        """The most that one claim may take."""
        return self.max_unit or self.total


@dataclass(frozen=True, slots=True)
class Provider:
    """A node of a host's tree."""

    uuid: str
    name: str
    parent: str | None = None
    inventories: dict[str, Inventory] = field(default_factory=dict)
    traits: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A claim that is there before anything is measured. `resources` is amounts by class by provider uuid."""

    consumer: str
    resources: dict[str, dict[str, int]]
    project: str
    user: str


@dataclass(frozen=True, slots=True)
class Host:
    """One tree, parents first, and what is held of it."""

    providers: tuple[Provider, ...]
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """A named, repeatable stream of hosts."""

    shape: str
    hosts: int
    seed: int = 1
    fill: float = 0.5

    def __iter__(self) -> Iterator[Host]:
        return SHAPES[self.shape](Draw(self), self.hosts)

    @property
    def aggregates(self) -> tuple[str, ...]:
        """The aggregates in use, for queries by member_of."""
        return Draw(self).aggregates

    def first(self, count: int) -> list[str]:
        """The uuids of the first hosts' roots."""
        found = []
        for host in self:
            found.append(host.providers[0].uuid)
            if len(found) == count:
                break
        return found


class Draw:
    """Where a fleet's uuids and choices come from: one stream of random numbers, from the seed."""

    def __init__(self, fleet: Fleet, aggregates: int = 20) -> None:
        self.random = random.Random(fleet.seed)
        self.fill = fleet.fill
        self.aggregates = tuple(self.uuid() for _ in range(aggregates))

    def uuid(self) -> str:
        """A version 4 uuid."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def trait(self) -> str:
        """One of three CPU traits."""
        return self.random.choice(CPU_TRAITS)

    def aggregate(self) -> tuple[str, ...]:
        """One of the fleet's aggregates."""
        return (self.random.choice(self.aggregates),)

    def held(self, index: int, resources: dict[str, dict[str, int]]) -> Held | None:
        """A claim on a share `fill` of the hosts; 50 projects and users take turns."""
        consumer, filled = self.uuid(), self.random.random() < self.fill
        return Held(consumer, resources, f"p{index % 50}", f"u{index % 50}") if filled else None


def cpu() -> dict[str, Inventory]:
    return {"VCPU": Inventory(64, allocation_ratio=4.0), "MEMORY_MB": Inventory(262144, reserved=2048)}


def flat(draw: Draw, hosts: int) -> Iterator[Host]:
    """A host is one provider with VCPU, MEMORY_MB and DISK_GB."""
    for i in range(hosts):
        root = draw.uuid()
        provider = Provider(
            root,
            f"host-{i:07d}",
            inventories={**cpu(), "DISK_GB": Inventory(2000)},
            traits=(draw.trait(),),
            aggregates=draw.aggregate(),
        )
        yield Host((provider,), draw.held(i, {root: {"VCPU": 4, "MEMORY_MB": 8192, "DISK_GB": 40}}))


def numa(draw: Draw, hosts: int, gpus: int = 0) -> Iterator[Host]:
    """A host with DISK_GB and two NUMA children with VCPU and MEMORY_MB, each with `gpus` children of VGPU 8."""
    for i in range(hosts):
        name, root, nodes = f"host-{i:07d}", draw.uuid(), (draw.uuid(), draw.uuid())
        disk = {"DISK_GB": Inventory(2000)}
        tree = [Provider(root, name, None, disk, (draw.trait(),), draw.aggregate())]
        for n, node in enumerate(nodes):
            tree.append(Provider(node, f"{name}-numa{n}", root, cpu(), ("HW_NUMA_ROOT",)))
            tree += [device(draw, f"{name}-gpu{n}{g}", node) for g in range(gpus)]
        held = {nodes[0]: {"VCPU": 4, "MEMORY_MB": 8192}, root: {"DISK_GB": 40}}
        yield Host(tuple(tree), draw.held(i, held))


def device(draw: Draw, name: str, parent: str, trait: str = "HW_GPU_API_VULKAN") -> Provider:
    return Provider(draw.uuid(), name, parent, {"VGPU": Inventory(8)}, (trait,))


def gpu(draw: Draw, hosts: int) -> Iterator[Host]:
    """numa with four GPUs under each NUMA node: 11 providers a host."""
    return numa(draw, hosts, gpus=4)


def wide(draw: Draw, hosts: int) -> Iterator[Host]:
    """A host with 64 devices right below it."""
    for i in range(hosts):
        name, root = f"host-{i:07d}", draw.uuid()
        tree = [Provider(root, name, None, {**cpu(), "DISK_GB": Inventory(2000)}, (draw.trait(),), draw.aggregate())]
        tree += [device(draw, f"{name}-gpu{g}", root) for g in range(64)]
        yield Host(tuple(tree))


def almost(draw: Draw, hosts: int) -> Iterator[Host]:
    """gpu, but each device has 8 units of which 5 are held on every second one; three of the eight have DirectX."""
    for host in numa(draw, hosts, gpus=4):
        devices = [p for p in host.providers if "VGPU" in p.inventories]
        changed = {p.uuid: ("HW_GPU_API_DIRECTX_V12",) for p in devices[:3]}
        tree = tuple(
            Provider(p.uuid, p.name, p.parent, p.inventories, changed.get(p.uuid, p.traits), p.aggregates)
            for p in host.providers
        )
        held = {p.uuid: {"VGPU": 5} for p in devices[::2]}
        yield Host(tree, Held(draw.uuid(), held, "p0", "u0"))


def sharing(draw: Draw, hosts: int) -> Iterator[Host]:
    """Hosts without disks and one pool of DISK_GB for each aggregate, shared with the hosts in it."""
    pool = {"DISK_GB": Inventory(1_000_000)}
    for k, aggregate in enumerate(draw.aggregates):
        yield Host((Provider(draw.uuid(), f"pool-{k:02d}", None, pool, (SHARES,), (aggregate,)),))
    for i in range(hosts):
        root = draw.uuid()
        provider = Provider(root, f"host-{i:07d}", None, cpu(), (draw.trait(),), draw.aggregate())
        yield Host((provider,), draw.held(i, {root: {"VCPU": 4, "MEMORY_MB": 8192}}))


def roomy(draw: Draw, hosts: int) -> Iterator[Host]:
    """flat with so much room that no measured number of claims fills a host."""
    much = {"VCPU": Inventory(10**8), "MEMORY_MB": Inventory(10**9), "DISK_GB": Inventory(10**8)}
    for i in range(hosts):
        yield Host((Provider(draw.uuid(), f"host-{i:07d}", None, much, (draw.trait(),), draw.aggregate()),))


def small(draw: Draw, hosts: int) -> Iterator[Host]:
    """Hosts with room for 64 claims each, and not one more."""
    room = {"VCPU": Inventory(16, allocation_ratio=4.0), "MEMORY_MB": Inventory(10**6), "DISK_GB": Inventory(10**6)}
    for i in range(hosts):
        yield Host((Provider(draw.uuid(), f"host-{i:07d}", None, room, (draw.trait(),), draw.aggregate()),))


SHAPES = {
    "flat": flat,
    "numa": numa,
    "gpu": gpu,
    "wide": wide,
    "almost": almost,
    "sharing": sharing,
    "roomy": roomy,
    "small": small,
}
