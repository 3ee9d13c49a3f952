"""Containers (namespaces(7)) and control groups (cgroups(7), versions 1 and 2) that confine this process."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from berth.discover.cpus import ranges
from berth.discover.machine import CgroupLimits
from berth.discover.source import MachineSource

GROUPS: Final = "sys/fs/cgroup"
FIRST_PROCESS_SPACE: Final = "pid:[4026531836]"
"""The kernel's fixed number for the process namespace that a machine starts with (PROC_PID_INIT_INO)."""

MARKS: Final = (
    ("run/.containerenv", "podman"),
    (".dockerenv", "docker"),
    ("var/run/secrets/kubernetes.io", "kubernetes"),
    ("run/systemd/container", "a container"),
)
_LIST = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*")
_WHOLE = re.compile("[0-9]{1,19}")
UNLIMITED_BYTES: Final = 1 << 60
"""Version 1 expresses "no limit" as the largest number of pages that fits, which depends on their size."""


def read_container(source: MachineSource) -> str | None:
    """Return the kind of container that this process is in; None if it sees the whole machine.

    The process namespace decides: marks may remain in images that run as virtual machines, and a container
    that shares the machine's processes is there to manage the machine.
    """
    space = source.link("proc/self/ns/pid")
    if space == FIRST_PROCESS_SPACE:
        return None
    marks = [name for path, name in MARKS if source.has(path)]
    if space is not None and not marks:
        return "a process namespace of its own"
    return marks[0] if marks else None


def read_limits(source: MachineSource) -> CgroupLimits:
    """Return the tightest limits of all control groups of this process, and its processors and nodes."""
    groups = own_groups(source.text("proc/self/cgroup") or "")
    cpus = [limit for folder in folders(groups, "cpu") if (limit := cpu_limit(source, folder)) is not None]
    sizes = [limit for folder in folders(groups, "memory") if (limit := memory_limit(source, folder)) is not None]
    return CgroupLimits(
        min(cpus, default=None),
        min(sizes, default=None),
        allowed(source, "Cpus_allowed_list"),
        allowed(source, "Mems_allowed_list"),
    )


def allowed(source: MachineSource, field: str) -> frozenset[int] | None:
    """Return the numbers in a field of /proc/self/status (proc(5)); None if it is missing."""
    for line in (source.text("proc/self/status") or "").splitlines():
        name, _, listing = line.partition(":")
        if name == field and _LIST.fullmatch(listing.strip()):
            return ranges(listing)
    return None


def note_limits(source: MachineSource, limits: CgroupLimits, container: str | None) -> None:
    """Note the limits, and whether they apply to the machine."""
    parts = []
    if limits.cpus is not None:
        parts.append(f"{limits.cpus:g} processors")
    if limits.memory_bytes is not None:
        parts.append(f"{limits.memory_bytes >> 20} MB")
    if parts:
        counts = "applied" if container else "not applied, because they bind this process, not the machine"
        source.note("control group limits", f"{' and '.join(parts)}: {counts}")


def own_groups(text: str) -> dict[str, str]:
    """Return the group of this process by controller; "" is the single hierarchy of version 2."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def folders(groups: dict[str, str], controller: str) -> list[str]:
    """Return every folder that may limit this process, for either version: its group's and those above it.

    In a container the path may be the host's and not exist; the top is then the container's own.
    """
    tops = [(GROUPS, groups.get("")), (f"{GROUPS}/{controller}", groups.get(controller))]
    found = []
    for top, path in tops:
        if path is not None:
            inner = PurePosixPath(path.lstrip("/"))
            found += [str(PurePosixPath(top) / part) for part in (inner, *inner.parents)]
    return list(dict.fromkeys(found))


def cpu_limit(source: MachineSource, folder: str) -> float | None:
    """Return a group's limit of processor time, in processors; None if there is none."""
    both = (source.text(f"{folder}/cpu.max") or "").split()
    if len(both) == 2:
        quota, period = both
    else:
        quota = source.text(f"{folder}/cpu.cfs_quota_us") or ""
        period = source.text(f"{folder}/cpu.cfs_period_us") or ""
    if not _WHOLE.fullmatch(quota) or not _WHOLE.fullmatch(period) or int(period) == 0:
        return None  # "max" in version 2, -1 in version 1
    return int(quota) / int(period)


def memory_limit(source: MachineSource, folder: str) -> int | None:
    """Return a group's limit of memory, in bytes; None if there is none."""
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = source.text(f"{folder}/{name}") or ""
        if _WHOLE.fullmatch(text) and int(text) < UNLIMITED_BYTES:
            return int(text)
    return None
