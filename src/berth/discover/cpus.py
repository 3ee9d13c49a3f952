"""Processors, from /proc/cpuinfo and /sys/devices/system/cpu."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Final

from berth.discover.machine import Cpus
from berth.discover.source import MachineSource

MOST: Final = 1 << 16
"""More processors or NUMA nodes than any kernel supports."""

CPU: Final = "sys/devices/system/cpu"


def read_cpus(source: MachineSource) -> Cpus:
    """Return the processors that are online. Processors that are offline are noted."""
    blocks = cpuinfo(source.text("proc/cpuinfo") or "")
    online = online_cpus(source, blocks)
    offline = numbers(source, f"{CPU}/offline") & numbers(source, f"{CPU}/present")
    if offline:
        source.note(f"processors {range_text(offline)}", "offline, not counted")
    first = blocks[0] if blocks else {}
    return Cpus(
        online=online,
        cores=len({siblings & online for siblings in threads(source, online)}),
        sockets=len(packages(source, online)),
        model=first.get("model name") or first.get("cpu") or "",
        architecture=architecture(source),
        vendor=first.get("vendor_id", ""),
        features=features(blocks),
    )


def cpuinfo(text: str) -> list[dict[str, str]]:
    """Return the blocks of /proc/cpuinfo, one per processor (some architectures add one for the whole machine)."""
    blocks = []
    for block in text.split("\n\n"):
        fields = [line.split(":", 1) for line in block.splitlines() if ":" in line]
        if fields:
            blocks.append({key.strip(): value.strip() for key, value in fields})
    return blocks


def features(blocks: list[dict[str, str]]) -> frozenset[str]:
    """Return the features that every processor has: a claim may be placed on any of them."""
    lists = [block.get("flags", block.get("Features", "")).split() for block in blocks if "processor" in block]
    return frozenset.intersection(*map(frozenset, lists)) if lists else frozenset()


def online_cpus(source: MachineSource, blocks: list[dict[str, str]]) -> frozenset[int]:
    """Return the numbers of the online processors, from /proc/cpuinfo if /sys is missing."""
    online = numbers(source, f"{CPU}/online")
    if online:
        return online
    listed_there = [block["processor"] for block in blocks if "processor" in block]
    found = frozenset(int(number) for number in listed_there if re.fullmatch("[0-9]{1,6}", number))
    if not found:
        source.note("processors", "neither /sys nor /proc/cpuinfo lists them", hides=True)
    return found


def threads(source: MachineSource, online: frozenset[int]) -> list[frozenset[int]]:
    """Return, for each processor, the numbers of those on the same core; empty if the kernel does not list them."""
    lists = [numbers(source, f"{CPU}/cpu{number}/topology/thread_siblings_list") for number in sorted(online)]
    return [siblings for siblings in lists if siblings]


def packages(source: MachineSource, online: frozenset[int]) -> set[int]:
    """Return the numbers of the sockets in use."""
    found = (source.number(f"{CPU}/cpu{number}/topology/physical_package_id") for number in online)
    return {package for package in found if package is not None}


def architecture(source: MachineSource) -> str:
    """Return the architecture as `uname -m` does: from /proc (since Linux 6.1), else from the running Python."""
    name = source.text("proc/sys/kernel/arch")
    if name is None and source.root == Path("/"):
        name = platform.machine()
    return name or ""


def numbers(source: MachineSource, path: str) -> frozenset[int]:
    """Return the numbers in a file with a list of ranges; none if the file is missing or (noted) malformed."""
    text = source.text(path)
    try:
        return ranges(text or "")
    except ValueError:
        source.note(f"/{path}", f"{text!r} is not a list of numbers: skipped", hides=True)
        return frozenset()


def ranges(text: str) -> frozenset[int]:
    """Return the numbers in a list in the kernel's form ("0-3,8"). Raises ValueError."""
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if high - low > MOST:
            raise ValueError(f"{part} is more than any machine has")
        found.update(range(low, high + 1))
    return frozenset(found)


def range_text(found: frozenset[int]) -> str:
    """Return numbers as a list in the kernel's form: "0-3,8"."""
    parts: list[list[int]] = []
    for number in sorted(found):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}" for part in parts)
