"""Machines: the parts of a computer as values. Nothing here reads files."""

from __future__ import annotations

import enum

import msgspec


class Note(msgspec.Struct, frozen=True):
    """A remark about a reading, for people.

    what: a path, a tool or a device; why: the rest of the sentence; hides: whether something may
    exist that was not seen, so that "not found" does not mean "gone".
    """

    what: str
    why: str
    hides: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class Cpus(msgspec.Struct, frozen=True):
    """The processors that the kernel runs on.

    online: their numbers (one for each hardware thread); cores, sockets: the numbers of each, 0 if unknown;
    model: the maker's name for it; architecture: as in `uname -m`; vendor: GenuineIntel, AuthenticAMD or "";
    features: the flags that all of them have.
    """

    online: frozenset[int]
    cores: int
    sockets: int
    model: str
    architecture: str
    vendor: str
    features: frozenset[str]


class HugePages(msgspec.Struct, frozen=True):
    """A pool of huge pages of one size. size_kb: of one page; count: pages in the pool, used ones too."""

    size_kb: int
    count: int


class Node(msgspec.Struct, frozen=True):
    """A NUMA node. memory_kb: all of its memory, including huge pages."""

    id: int
    cpus: frozenset[int]
    memory_kb: int
    huge_pages: tuple[HugePages, ...] = ()


class Filesystem(msgspec.Struct, frozen=True):
    """A mounted local filesystem. rotational: whether its disk rotates; None if unknown."""

    path: str
    kind: str
    size_bytes: int
    rotational: bool | None = None


class DeviceKind(enum.StrEnum):
    """The kind of a PCI device that can be claimed."""

    GPU = "GPU"
    SHARED_GPU = "shared GPU"
    NETWORK = "SR-IOV network card"
    ACCELERATOR = "accelerator"
    FUNCTIONS = "SR-IOV device"


class Device(msgspec.Struct, frozen=True):
    """A PCI device.

    address: domain:bus:device.function, lower case; vendor, product: four hexadecimal digits, upper
    case ("" if unknown); node: its NUMA node, None if unknown; units: how many can be claimed (1, or
    its virtual functions, or its virtual GPUs); model: the maker's name for it, or "";
    compute: its CUDA compute capability, or "".
    """

    address: str
    kind: DeviceKind
    vendor: str
    product: str
    node: int | None
    units: int = 1
    model: str = ""
    compute: str = ""


class CgroupLimits(msgspec.Struct, frozen=True):
    """The most that this process may use; None: no limit.

    cpus: processor time, in processors (2.5: two and a half); memory_bytes: memory;
    processors, nodes: the processors that it may run on, and the NUMA nodes that it may use memory of.
    """

    cpus: float | None = None
    memory_bytes: int | None = None
    processors: frozenset[int] | None = None
    nodes: frozenset[int] | None = None


class Machine(msgspec.Struct, frozen=True):
    """A computer, as it was read.

    name: its host name; identity: its permanent, unique identity; virtual: the hypervisor, if it is a virtual
    machine; container: the kind of container that this process is in, if any; limits: those of this process
    (in a container they bound the machine).
    """

    name: str
    identity: str
    cpus: Cpus
    nodes: tuple[Node, ...]
    filesystems: tuple[Filesystem, ...]
    devices: tuple[Device, ...]
    virtual: str | None = None
    container: str | None = None
    limits: CgroupLimits = CgroupLimits()
    notes: tuple[Note, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything relevant could be read, so that what was not found does not exist."""
        return not any(note.hides for note in self.notes)
