"""What NVIDIA's own tool knows of its GPUs and sysfs does not: their names and compute capabilities."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from berth.discover.source import MachineSource

FIELDS: Final = "pci.bus_id,pci.device_id,name"
COMPUTE: Final = ",compute_cap"
_LINE = re.compile(r"\s*([0-9A-Fa-f:.]+), (0x[0-9A-Fa-f]{8}), (.+?)(?:, (\d+\.\d+|\[[^\]]*\]))?\s*")


class Card(msgspec.Struct, frozen=True):
    """A GPU as nvidia-smi lists it. product: four hexadecimal digits; compute: such as "8.0", "" if not told."""

    address: str
    product: str
    name: str
    compute: str


def read_cards(source: MachineSource) -> dict[str, Card] | None:
    """The GPUs that nvidia-smi sees, by PCI address; None if there is no such tool or it does not answer."""
    tool = source.tool("nvidia-smi")
    if tool is None:
        return None
    heard = len(source.notes)
    for fields in (FIELDS + COMPUTE, FIELDS):
        printed = source.run([tool, f"--query-gpu={fields}", "--format=csv,noheader"])
        if printed is not None:
            return {card.address: card for line in printed.splitlines() if (card := parsed(line))}
        if len(source.notes) > heard:
            return None  # it hangs, and would hang again
    source.note(tool, "fails: NVIDIA's names are not known", hides=True)
    return None


def parsed(line: str) -> Card | None:
    """One line of its answer; None if it is something else."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    bus, device, name, compute = match.groups()
    known = compute is not None and not compute.startswith("[")
    # The upper half of the device id is the product, the lower one the vendor.
    return Card(sysfs_address(bus), device[2:6].upper(), name, compute if known else "")


def sysfs_address(bus: str) -> str:
    """The way sysfs writes an address: a domain of four digits where they suffice, and lower case."""
    domain, _, rest = bus.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"
