"""The fleet of a lab, with a month of history: 400 hosts in 20 racks, 800 GPUs, and who holds them.

`python -m tests.support.lab_fleet sqlite:///lab.db` makes one in an empty ledger.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from unittest.mock import patch
from uuid import UUID

from berth.ledger import Ledger
from berth.model.caller import Caller
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from berth.model.record import ProviderRecord
from berth.model.term import Term
from berth.store import migrate
from berth.store.engine import Database
from tests.support.hold_ledger import FakeClock

RACKS, HOSTS_A_RACK, GPU_HOSTS_A_RACK, GPUS = 20, 20, 5, 8
HOUR_S, DAY_S = 3600, 86_400
DAYS, STEPS_A_DAY = 30, 6

PEOPLE = {
    "vision": ["ada", "grace", "li"],
    "language": ["omar", "ines", "tomek", "yuki"],
    "robotics": ["maria", "jonas"],
    "physics": ["ada", "piotr"],
    "students": ["ada", "ben", "chloe", "dev", "emil"],
    "climate": ["sofia", "noor"],
    "genomics": ["kwame", "lena"],
    "chemistry": ["hugo"],
    "teaching": ["ines", "paul"],
    "operations": ["slurm"],
    "web": ["anna", "viktor"],
    "archive": ["zoe"],
}
"""Users by project."""

OVERFULL = "cpu-r07-03"
"""A host at 179 % of its VCPU."""

RESERVED = ("gpu-r15-02", "cpu-r02-11")
"""Hosts that are taken out of use."""

FULL_GPU_HOST = "gpu-r15-01"
"""A host whose eight GPUs are held by several people."""

FULL_GPU_HOLDERS = ((2, "students", "ada"), (1, "students", "ben"), (4, "language", "omar"), (1, "vision", "li"))
"""How many, the project and the user."""


def uuid_of(kind: int, number: int) -> str:
    """Return the uuid of a thing of the lab."""
    return str(UUID(int=(0xAB << 112) + (kind << 96) + (4 << 76) + (8 << 60) + number))


@dataclass(frozen=True)
class Job:
    """A claim that will end."""

    uuid: str
    project: str
    user: str
    host: str
    vcpu: int
    gpus: list[str]


@dataclass
class Lab:
    """A lab while it is made. free: the GPUs of each GPU host that nobody holds."""

    ledger: Ledger
    clock: FakeClock
    chance: random.Random = field(default_factory=lambda: random.Random(15))
    host_uuids: dict[str, str] = field(default_factory=dict)
    gpu_uuids: dict[str, list[str]] = field(default_factory=dict)
    free: dict[str, list[str]] = field(default_factory=dict)
    vcpu: dict[str, int] = field(default_factory=dict)
    running: list[Job] = field(default_factory=list)
    count: int = 0

    def records(self) -> Iterator[ProviderRecord]:
        """Yield the providers of the lab."""
        for number in range(RACKS * HOSTS_A_RACK):
            rack, place = number // HOSTS_A_RACK + 1, number % HOSTS_A_RACK + 1
            has_gpus = place <= GPU_HOSTS_A_RACK
            name = f"gpu-r{rack:02}-{place:02}" if has_gpus else f"cpu-r{rack:02}-{place - GPU_HOSTS_A_RACK:02}"
            self.host_uuids[name], self.vcpu[name] = uuid_of(1, number), 0
            yield ProviderRecord(
                name=name,
                uuid=self.host_uuids[name],
                inventories={"VCPU": _total(128, 1.5), "MEMORY_MB": _total(1 << 20), "DISK_GB": _total(8000)},
                traits=["HW_CPU_X86_AVX2", *(["CUSTOM_A100" if rack <= 12 else "CUSTOM_H100"] if has_gpus else [])],
                aggregates=[uuid_of(2, rack)],
            )
            if has_gpus:
                self.gpu_uuids[name] = [uuid_of(3, number * GPUS + gpu) for gpu in range(GPUS)]
                self.free[name] = list(self.gpu_uuids[name])
                for gpu, uuid in enumerate(self.gpu_uuids[name]):
                    yield ProviderRecord(
                        name=f"{name}-gpu{gpu}", uuid=uuid, parent=name, inventories={"PGPU": _total(1)}
                    )

    def claim(self, host: str, gpus: int, vcpu: int, *, project: str = "", user: str = "", **term: int) -> Claim:
        """Return a claim of a host that has room for it, and note it."""
        self.count += 1
        project = project or self.chance.choice(list(PEOPLE))
        mine = [self.free[host].pop(0) for _ in range(gpus)]
        self.vcpu[host] += vcpu
        held = {self.host_uuids[host]: {"VCPU": vcpu, "MEMORY_MB": vcpu * 4096}}
        held |= {gpu: {"PGPU": 1} for gpu in mine}
        uuid = uuid_of(9, self.count)
        user = user or self.chance.choice(PEOPLE[project])
        if not term:
            self.running.append(Job(uuid, project, user, host, vcpu, mine))
        return Claim(
            consumer=uuid,
            allocations=held,
            project=project,
            user=user,
            type="JOB" if gpus else "INSTANCE",
            term=Term(**term),
        )

    def random_claim(self) -> Claim:
        """Return a claim of a host at random."""
        wanted = self.chance.choice([*[0] * 42, 1, 1, 1, 1, 2, 2, 4, 8])
        of_gpus = [name for name, free in self.free.items() if len(free) >= wanted and name not in RESERVED]
        if wanted and of_gpus:
            fullest = min(of_gpus, key=lambda name: len(self.free[name]))
            host = fullest if self.chance.random() < 0.93 else self.chance.choice(of_gpus)
            return self.claim(host, wanted, self.chance.choice([2, 4, 8]))
        hosts = [name for name in self.host_uuids if name.startswith("cpu") and self.vcpu[name] <= 144]
        return self.claim(self.chance.choice(hosts), 0, self.chance.choice([8, 16, 32, 48]))

    def ended(self, share: float) -> list[Claim]:
        """Return the ends of some of those that run."""
        ending = self.chance.sample(self.running, int(len(self.running) * share))
        for job in ending:
            self.running.remove(job)
            self.vcpu[job.host] -= job.vcpu
            self.free.get(job.host, []).extend(job.gpus)
        return [Claim(consumer=job.uuid, allocations={}, project=job.project, user=job.user) for job in ending]


def _total(amount: int, ratio: float = 1.0) -> Inventory:
    return Inventory(amount, allocation_ratio=ratio)


def make(url: str, consumers: int = 1501) -> None:
    """Make the lab in a new ledger, whose history began a month ago and ends now."""
    clock = FakeClock(time.time_ns() // 1000 - DAYS * DAY_S * 1_000_000)
    database = Database(url)
    with patch("berth.store.migrate.time.time_ns", lambda: clock() * 1000):
        migrate.upgrade(database)
    with Ledger(database, Caller(name="slurm"), clock=clock) as ledger:
        lab = Lab(ledger, clock)
        ledger.create_trait("CUSTOM_A100")
        ledger.create_trait("CUSTOM_H100")
        records = list(lab.records())
        for at in range(0, len(records), 500):
            ledger.put_records(records[at : at + 500])
        for rack in range(1, RACKS + 1):
            ledger.name_aggregate(uuid_of(2, rack), f"rack-{rack:02}", kind="rack")
        _live(lab, consumers)
        _finish(lab)


def _live(lab: Lab, consumers: int) -> None:
    """Let a month go by, at the end of which so many consumers hold something, but for the last ones."""
    for gpus, project, user in FULL_GPU_HOLDERS:
        lab.ledger.claim(lab.claim(FULL_GPU_HOST, gpus, 4, project=project, user=user))
    lab.running.clear()
    steps = DAYS * STEPS_A_DAY
    for step in range(1, steps):
        wanted = int((consumers - 12) * min(1.0, 0.5 + 0.5 * step / (steps - 1) + lab.chance.uniform(-0.05, 0)))
        ends = lab.ended(0.02 if step > 1 else 0)
        claims = ends + [lab.random_claim() for _ in range(max(0, wanted - len(lab.running)))]
        if claims:
            lab.ledger.claim(*claims)
        lab.clock.go_on(DAY_S // STEPS_A_DAY)


def _finish(lab: Lab) -> None:
    """Make what needs a person: a host over capacity, two that are reserved, claims that end, holds."""
    ledger = lab.ledger
    lab.clock.go_on(DAY_S // STEPS_A_DAY - 2 * HOUR_S)
    extra, overfull = 229 - lab.vcpu[OVERFULL], lab.host_uuids[OVERFULL]
    ledger.set_inventories(overfull, {"VCPU": _total(128, 2.0), "MEMORY_MB": _total(1 << 20), "DISK_GB": _total(8000)})
    ledger.claim(lab.claim(OVERFULL, 0, extra, project="web", user="anna"))
    ledger.set_inventories(overfull, {"VCPU": _total(128), "MEMORY_MB": _total(1 << 20), "DISK_GB": _total(8000)})
    for name in RESERVED:
        _reserve(lab, name)
    lab.clock.go_on(HOUR_S)
    gpus = sorted((name for name, free in lab.free.items() if free), key=lambda name: -len(lab.free[name]))
    students = [name for name in gpus if name not in RESERVED][:8]
    for number, name in enumerate(students):
        lasts = (number + 1) ** 2 * HOUR_S
        ledger.claim(lab.claim(name, 1, 2, project="students", lasts=lasts))
    for name in students[:3]:
        ledger.claim(lab.claim(name, 0, 8, project="teaching", user="paul", confirm_within=HOUR_S * 20))
    lab.clock.go_on(HOUR_S)


def _reserve(lab: Lab, name: str) -> None:
    for uuid in (lab.host_uuids[name], *lab.gpu_uuids.get(name, ())):
        found = lab.ledger.inventories(uuid).inventories
        whole = {
            each: Inventory(of.total, of.total, allocation_ratio=of.allocation_ratio) for each, of in found.items()
        }
        lab.ledger.set_inventories(uuid, whole)


if __name__ == "__main__":
    make(sys.argv[1])
