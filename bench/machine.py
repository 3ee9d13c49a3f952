"""The machine and what runs on it, read from /proc: what a figure was measured on, and who else was busy meanwhile."""

import os
import platform
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
DATABASES = ("postgres", "mariadbd")
"""Names of processes that work for whoever is measured."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on."""

    processor: str
    cores: int
    memory_gib: int
    kernel: str
    python: str


def machine() -> Machine:
    """This machine."""
    names = [line.split(":")[1].strip() for line in read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(
        processor=names[0] if names else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory),
        kernel=platform.release(),
        python=platform.python_version(),
    )


def read(path: str) -> str:
    """A file under /proc, or nothing where it has gone meanwhile."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def processes() -> Iterator[str]:
    """The folders of all processes under /proc."""
    return (f"/proc/{entry.name}" for entry in Path("/proc").iterdir() if entry.name.isdigit())


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds by session id, those of database servers apart. `own` is the session of this process."""

    by_session: dict[int, float]
    databases: float
    own: int

    def since(self, before: "Used", sessions: Collection[int]) -> float:
        """Processor seconds that these sessions used after `before`."""
        return sum(self.by_session.get(s, 0.0) - before.by_session.get(s, 0.0) for s in sessions)

    def elsewhere(self, before: "Used", sessions: Collection[int]) -> float:
        """Processor seconds that all but these sessions and the database servers used after `before`."""
        return self.since(before, [s for s in self.by_session if s not in sessions])


def used() -> Used:
    """What all processes have used so far. Processes that end between two looks are not seen."""
    by_session: dict[int, float] = {}
    databases = 0.0
    for entry in processes():
        name, _, rest = read(f"{entry}/stat").partition("(")[2].rpartition(")")
        fields = rest.split()
        if len(fields) < 14:
            continue
        spent = (int(fields[11]) + int(fields[12])) / TICKS
        if name.startswith(DATABASES):
            databases += spent
        else:
            session = int(fields[3])
            by_session[session] = by_session.get(session, 0.0) + spent
    return Used(by_session, databases, os.getsid(0))


def resident_mib(session: int) -> float:
    """Memory that a session's processes hold, shared pages counted once (PSS), in MiB."""
    total = 0
    for entry in processes():
        fields = read(f"{entry}/stat").rpartition(")")[2].split()
        if len(fields) > 3 and int(fields[3]) == session:
            lines = read(f"{entry}/smaps_rollup").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def flushes() -> int:
    """How often this machine's disks were told to make their caches durable, since it started (Linux 5.5 and later)."""
    rows = (line.split() for line in read("/proc/diskstats").splitlines())
    return sum(int(row[18]) for row in rows if len(row) > 18)
