"""What a computer is made of, as values. Nothing here reads anything."""

from __future__ import annotations

import enum

import msgspec


class Note(msgspec.Struct, frozen=True):
    """Something worth telling a person about this reading.

    what: a path, a tool or a device; why: the rest of the sentence; hides: whether something may be
    there that was not seen, so that "not found" does not mean "gone".
    """

    what: str
    why: str
    hides: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class Cpus(msgspec.Struct, frozen=True):
    """The processors that the kernel runs on.

    online: their numbers (one for each hardware thread); cores, sockets: how many of each they make up,
    0 if unknown; model: as its maker calls it; architecture: as `uname -m` says;
    vendor: GenuineIntel, AuthenticAMD or "" ; features: the flags that all of them have.
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
    """A NUMA node. memory_kb: all of its memory, that in huge pages included."""

    id: int
    cpus: frozenset[int]
    memory_kb: int
    huge_pages: tuple[HugePages, ...] = ()


class Filesystem(msgspec.Struct, frozen=True):
    """A mounted local filesystem. rotational: whether its disk turns; None if that cannot be told."""

    path: str
    kind: str
    size_bytes: int
    rotational: bool | None = None


class DeviceKind(enum.StrEnum):
    """What a PCI device is to those who claim it."""

    GPU = "GPU"
    SHARED_GPU = "shared GPU"
    NETWORK = "SR-IOV network card"
    ACCELERATOR = "accelerator"
    FUNCTIONS = "SR-IOV device"


class Device(msgspec.Struct, frozen=True):
    """A PCI device.

    address: domain:bus:device.function, lower case; vendor, product: four hexadecimal digits, upper
    case ("" if unknown); node: the NUMA node that it hangs on, None if unknown; units: how many can
    be claimed (1, or its virtual functions, or its virtual GPUs); model: as its maker calls it, or "";
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
    """What this process may use at most; None: no limit.

    cpus: in processors' worth of time (2.5: two and a half); memory_bytes: of memory;
    processors, nodes: the only processors and NUMA nodes that it may run on and take memory from.
    """

    cpus: float | None = None
    memory_bytes: int | None = None
    processors: frozenset[int] | None = None
    nodes: frozenset[int] | None = None


class Machine(msgspec.Struct, frozen=True):
    """A computer, as it was read.

    name: its host name; identity: what tells it from all others for good; virtual: what it runs on, if
    it is a virtual machine; container: what this process is confined by, if it is; limits: see Limits
    (they bind this process; in a container they are the machine).
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
        """Whether everything that matters could be read, so that what was not found is not there."""
        return not any(note.hides for note in self.notes)
