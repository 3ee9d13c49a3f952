"""NVIDIA GPUs as nvidia-smi reports them: names and compute capabilities, which sysfs lacks."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from berth.discover.source import MachineSource

FIELDS: Final = "pci.bus_id,pci.device_id,name"
COMPUTE: Final = ",compute_cap"
_LINE = re.compile(r"\s*([0-9A-Fa-f:.]+), (0x[0-9A-Fa-f]{8}), (.+?)(?:, (\d+\.\d+|\[[^\]]*\]))?\s*")


class Card(msgspec.Struct, frozen=True):
    """A GPU as nvidia-smi lists it. product: four hexadecimal digits; compute: such as "8.0", "" if unknown."""

    address: str
    product: str
    name: str
    compute: str


def read_cards(source: MachineSource) -> dict[str, Card] | None:
    """Return the GPUs that nvidia-smi lists, by PCI address; None if the tool is missing or fails."""
    tool = source.tool("nvidia-smi")
    if tool is None:
        return None
    notes_before = len(source.notes)
    for fields in (FIELDS + COMPUTE, FIELDS):
        output = source.run([tool, f"--query-gpu={fields}", "--format=csv,noheader"])
        if output is not None:
            return {card.address: card for line in output.splitlines() if (card := parse_card(line))}
        if len(source.notes) > notes_before:
            return None  # it hangs, and would hang again
    source.note(tool, "fails: NVIDIA's names are not known", hides=True)
    return None


def parse_card(line: str) -> Card | None:
    """Return the GPU in one line of output, None if the line has another form."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    bus, device, name, compute = match.groups()
    known = compute is not None and not compute.startswith("[")
    # The upper half of the device id is the product, the lower one the vendor.
    return Card(sysfs_address(bus), device[2:6].upper(), name, compute if known else "")


def sysfs_address(bus: str) -> str:
    """Return a PCI address as sysfs writes it: lower case, with a domain of four digits if they suffice."""
    domain, _, rest = bus.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"
