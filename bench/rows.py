"""What is measured: fleets, the rows asked of each, and what each must reach."""

from dataclasses import dataclass, field
from enum import Enum

from bench.fleets import Fleet

BASE = "resources=VCPU:1,MEMORY_MB:256,DISK_GB:10"


class Against(Enum):
    """Which of Placement's two configurations a ratio is held against."""

    SHIPPED = "placement"
    TUNED = "placement-tuned"


@dataclass(frozen=True, slots=True)
class Target:
    """What a row must reach, all of it. Zero: not asked for."""

    ratio: float = 0
    against: Against = Against.SHIPPED
    at_most_ms: float = 0
    at_least_per_s: float = 0


@dataclass(frozen=True, slots=True)
class Find:
    """One client asking for candidates in a row; the figure is the median in milliseconds.

    `expect` is the number of candidates of a right answer; None where only the servers are compared with each other.
    `hopeless`: Placement is asked once, with the run's patience. `alone`: Placement is not asked, for a reason.
    """

    title: str
    query: str
    target: Target = field(default_factory=Target)
    expect: int | None = None
    hopeless: bool = False
    alone: str = ""


@dataclass(frozen=True, slots=True)
class AfterWrite:
    """find, each time right after a claim of the same client: nothing prepared before can still be true."""

    title: str
    query: str
    target: Target = field(default_factory=Target)


@dataclass(frozen=True, slots=True)
class Claims:
    """Closed-loop clients claiming for new consumers; the figure is claims a second.

    `batch` claims go in one POST /allocations; 0 means one in a PUT.
    """

    title: str
    clients: int
    batch: int = 0
    target: Target = field(default_factory=Target)
    no_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Brim:
    """Claims that fill the hosts exactly, so that every one must be granted, and then some more, which must not."""

    title: str
    clients: int
    room: int
    target: Target = field(default_factory=Target)


@dataclass(frozen=True, slots=True)
class Loading:
    """The calls that make the fleet, by 8 clients; the figure is calls a second."""

    title: str
    target: Target = field(default_factory=Target)


Row = Find | AfterWrite | Claims | Brim | Loading


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fleet in an empty database and the rows asked of it, in order.

    `bulk`: Placement's tables are filled directly (its REST API would take minutes), else both are loaded over REST.
    `tuned`: Placement's tuned configuration is measured as well.
    """

    key: str
    title: str
    fleet: Fleet
    rows: tuple[Row, ...]
    bulk: bool = True
    tuned: bool = True


def gpus(count: int, amount: int = 1) -> str:
    """`count` groups of VGPU."""
    return "&".join(f"resources_G{i}=VGPU:{amount}" for i in range(count))


def named(count: int) -> str:
    """The suffixes of those groups, for same_subtree."""
    return ",".join(f"_G{i}" for i in range(count))


def isolated(count: int, limit: int) -> str:
    """A disk, CPUs in one NUMA node, and devices that must all be different."""
    return f"resources=DISK_GB:10&resources_C=VCPU:4,MEMORY_MB:4096&{gpus(count)}&group_policy=isolate&limit={limit}"


def flat_1000(fleet: Fleet) -> Scenario:
    aggregate = fleet.aggregates[0]
    hosts = fleet.hosts
    heavy = "required=HW_CPU_X86_AVX2,!HW_CPU_X86_AVX512F&required=in:HW_CPU_X86_AVX2,HW_CPU_X86_SSE42"
    return Scenario(
        "flat",
        f"{hosts:,} flat hosts",
        fleet,
        (
            Find("candidates, limit=10", f"{BASE}&limit=10", Target(ratio=200), 10),
            Find(f"candidates, all {hosts:,}", f"{BASE}&limit={hosts}", Target(ratio=20), hosts),
            Find("trait and aggregate, all that fit", f"{BASE}&required=HW_CPU_X86_AVX2&member_of={aggregate}"),
            Find("required, forbidden and any-of traits, limit=10", f"{BASE}&{heavy}&limit=10", expect=10),
            Find("nothing fits", "resources=VCPU:1,MEMORY_MB:900000000", expect=0),
            AfterWrite("candidates, limit=10, each after a claim", f"{BASE}&limit=10"),
            Claims("PUT /allocations, 1 client", 1),
            Claims("PUT /allocations, 8 clients", 8, target=Target(ratio=30, at_least_per_s=1000)),
            Claims("PUT /allocations, 32 clients", 32, target=Target(ratio=30, at_least_per_s=1000)),
            Claims("POST /allocations, 50 claims each, 1 client", 1, 50, Target(at_least_per_s=5000)),
            Claims("POST /allocations, 50 claims each, 8 clients", 8, 50, Target(at_least_per_s=5000)),
        ),
    )


def loading(hosts: int) -> Scenario:
    row = Loading("POST and PUT, 8 clients", Target(ratio=20))
    title = f"loading {hosts:,} flat hosts through REST"
    return Scenario("load", title, Fleet("flat", hosts), (row,), bulk=False, tuned=False)


def hot() -> Scenario:
    row = Claims("PUT /allocations, 32 clients on 4 hosts", 32, target=Target(ratio=30), no_conflicts=True)
    return Scenario("hot", "4 hosts with room for all", Fleet("roomy", 4), (row,), bulk=False, tuned=False)


def brim() -> Scenario:
    row = Brim("32 clients fill 4 hosts to the last unit", 32, room=4 * 64)
    return Scenario("brim", "4 hosts with room for 64 claims each", Fleet("small", 4), (row,), bulk=False, tuned=False)


def flat_10000() -> Scenario:
    fleet = Fleet("flat", 10_000)
    return Scenario(
        "flat10k",
        "10,000 flat hosts",
        fleet,
        (
            Find("candidates, limit=10", f"{BASE}&limit=10", Target(ratio=2000), 10),
            Find(
                "trait and aggregate, all that fit", f"{BASE}&required=HW_CPU_X86_AVX2&member_of={fleet.aggregates[0]}"
            ),
        ),
    )


def numa_1000() -> Scenario:
    groups = "resources=DISK_GB:10&resources_A=VCPU:2,MEMORY_MB:512&resources_B=VCPU:2,MEMORY_MB:512"
    return Scenario(
        "numa",
        "1,000 hosts with two NUMA nodes",
        Fleet("numa", 1000),
        (
            Find("candidates, limit=10", f"{BASE}&limit=10", expect=10),
            Find("two nodes, isolated, limit=10", f"{groups}&group_policy=isolate&limit=10", expect=10),
        ),
    )


def pools_1000() -> Scenario:
    return Scenario(
        "sharing",
        "1,000 hosts and 20 sharing pools",
        Fleet("sharing", 1000),
        (
            Find("candidates, limit=10", f"{BASE}&limit=10", expect=10),
            Find("candidates, all 1,000", f"{BASE}&limit=1000", expect=1000),
        ),
    )


def gpu_100() -> Scenario:
    near = (
        "resources=DISK_GB:10&resources_N=VCPU:4,MEMORY_MB:4096&required_N=HW_NUMA_ROOT"
        f"&{gpus(1)}&same_subtree=_N,_G0&group_policy=none&limit=10"
    )
    asked = "Placement makes all candidates before it applies limit: see limit=10"
    return Scenario(
        "gpu",
        "100 GPU hosts, 11 providers each",
        Fleet("gpu", 100),
        (
            Find("CPU and GPU of one NUMA node, limit=10", near, expect=10),
            Find("2 GPUs isolated, limit=10", isolated(2, 10), expect=10),
            Find("4 GPUs isolated, limit=10", isolated(4, 10), Target(200, Against.TUNED), 10),
            Find("8 GPUs isolated, limit=10", isolated(8, 10), Target(at_most_ms=10), 10, hopeless=True),
            Find("8 GPUs isolated, limit=1000", isolated(8, 1000), Target(at_most_ms=100), 1000, alone=asked),
        ),
    )


def wide_64() -> Scenario:
    asked = "Placement makes all candidates before it applies limit: see limit=10"
    query = f"{gpus(8)}&group_policy=isolate"
    return Scenario(
        "wide",
        "one host with 64 devices",
        Fleet("wide", 1),
        (
            Find("8 of 64 isolated, limit=10", f"{query}&limit=10", Target(at_most_ms=10), 10, hopeless=True),
            Find("8 of 64 isolated, limit=1000", f"{query}&limit=1000", Target(at_most_ms=100), 1000, alone=asked),
        ),
    )


def almost_100() -> Scenario:
    """Requests that no host of `fleets.almost` can take: per host 8 devices, 4 of them with 3 of 8 units left."""
    no = Target(at_most_ms=100)
    subtree = f"resources_N=VCPU:4&required_N=HW_NUMA_ROOT&{gpus(5)}&same_subtree=_N,{named(5)}"
    mixed = "&".join(f"required_G{i}=HW_GPU_API_DIRECTX_V12" for i in range(4, 8))
    rows = {
        "9 isolated of 8 devices": f"{gpus(9)}&group_policy=isolate",
        "5 large isolated, 4 devices have room": f"{gpus(5, 4)}&group_policy=isolate",
        "8 isolated, the last 4 need what 3 have": f"{gpus(8)}&{mixed}&group_policy=isolate",
        "5 isolated under one NUMA node of 4": f"{subtree}&group_policy=isolate",
        "13 groups of 3 in 4 rooms of 8 and 4 of 3": f"{gpus(13, 3)}&group_policy=none",
    }
    asked = tuple(Find(title, f"{query}&limit=10", no, 0, hopeless=True) for title, query in rows.items())
    return Scenario("almost", "100 GPU hosts that almost fit", Fleet("almost", 100), asked)


def scenarios(seed: int, quick: bool) -> tuple[Scenario, ...]:
    """Every scenario, in the order of a run."""
    return (
        loading(200 if quick else 1000),
        flat_1000(Fleet("flat", 1000, seed)),
        hot(),
        brim(),
        flat_10000(),
        numa_1000(),
        pools_1000(),
        gpu_100(),
        wide_64(),
        almost_100(),
    )
