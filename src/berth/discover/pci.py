"""GPUs, accelerators and devices with virtual functions, from /sys/bus/pci (PCI Code and ID Assignment)."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.discover.machine import Device, DeviceKind
from berth.discover.nvidia import Card
from berth.discover.source import MachineSource

DEVICES: Final = "sys/bus/pci/devices"
MEDIATED: Final = "sys/class/mdev_bus"

NETWORK: Final = 0x02
DISPLAY: Final = 0x03
PROCESSING_ACCELERATOR: Final = 0x12

NVIDIA: Final = "10DE"
GPU_MAKERS: Final = frozenset({NVIDIA, "1002"})
"""Makers whose processing accelerators are GPUs too (NVIDIA, AMD): data centre cards without a display."""

SCREENS_ONLY: Final = {
    "1013": "Cirrus Logic",
    "102B": "Matrox",
    "1234": "QEMU",
    "126F": "Silicon Motion",
    "1414": "Hyper-V",
    "15AD": "VMware",
    "18CA": "XGI",
    "19E5": "Huawei",
    "1A03": "ASPEED",
    "1AB8": "Parallels",
    "1AF4": "virtio",
    "1B36": "Red Hat",
    "1D0F": "Amazon",
    "5853": "Xen",
    "80EE": "VirtualBox",
}
"""Makers of display controllers that only draw a console: a server's management chip, a virtual machine's screen."""


def read_devices(source: MachineSource, cards: dict[str, Card] | None, *, confined: bool) -> tuple[Device, ...]:
    """Return every device that can be claimed, by address.

    cards: the GPUs that nvidia-smi lists. confined: whether this process is in a container, where sysfs shows
    all devices of the host: only reachable ones are returned.
    """
    found: list[Device] = []
    for address in source.names(DEVICES):
        device = read_device(source, address)
        if device is not None and (not confined or reachable(source, device, cards)):
            found.append(with_card(device, (cards or {}).get(address)))
    # If Linux shows no bus with the GPU (WSL), its driver still lists it.
    known = {device.address for device in found}
    found += [
        Device(card.address, DeviceKind.GPU, NVIDIA, card.product, None, model=card.name, compute=card.compute)
        for card in (cards or {}).values()
        if card.address not in known
    ]
    return tuple(found)


def read_device(source: MachineSource, address: str) -> Device | None:
    """Return one device; None if it cannot be claimed or is a virtual function (its physical one counts it)."""
    folder = f"{DEVICES}/{address}"
    code = source.number(f"{folder}/class")
    if code is None or source.has(f"{folder}/physfn"):
        return None
    vendor, product = hexadecimal(source, f"{folder}/vendor"), hexadecimal(source, f"{folder}/device")
    kind, units = purpose(source, address, code >> 16, vendor)
    if kind is None:
        return None
    if not vendor or not product:
        source.note(f"/{folder}", "has no vendor or product: skipped", hides=True)
        return None
    node = source.number(f"{folder}/numa_node")
    model = source.text(f"{folder}/product_name") or ", ".join(source.names(f"{folder}/net"))
    return Device(address, kind, vendor, product, node if node is not None and node >= 0 else None, units, model)


def hexadecimal(source: MachineSource, path: str) -> str:
    """Return a file's number as four hexadecimal digits in capitals; "" if there is none."""
    number = source.number(path)
    return f"{number:04X}" if number is not None and 0 <= number <= 0xFFFF else ""


def purpose(source: MachineSource, address: str, base_class: int, vendor: str) -> tuple[DeviceKind | None, int]:
    """Return the kind of a device, and how many of it can be claimed."""
    folder = f"{DEVICES}/{address}"
    enabled = source.number(f"{folder}/sriov_numvfs") or 0
    if base_class == DISPLAY or (base_class == PROCESSING_ACCELERATOR and vendor in GPU_MAKERS):
        if vendor in SCREENS_ONLY:
            source.note(address, f"only draws a console ({SCREENS_ONLY[vendor]}): not offered as a GPU")
            return None, 0
        shares = enabled or mediated(source, address)
        return (DeviceKind.SHARED_GPU, shares) if shares > 0 else (DeviceKind.GPU, 1)
    if base_class == NETWORK:
        possible = source.number(f"{folder}/sriov_totalvfs") or 0
        return (DeviceKind.NETWORK, possible) if possible > 0 else (None, 0)
    if enabled > 0:
        return DeviceKind.FUNCTIONS, enabled
    return (DeviceKind.ACCELERATOR, 1) if base_class == PROCESSING_ACCELERATOR else (None, 0)


def mediated(source: MachineSource, address: str) -> int:
    """Return how many virtual GPUs of the types in use a GPU can have; 0 if it has none and is whole.

    The capacity of a type depends on the other types in use: only existing virtual GPUs show how the
    card is divided.
    """
    folder = f"{MEDIATED}/{address}/mdev_supported_types"
    total = 0
    for kind in source.names(folder):
        made = len(source.names(f"{folder}/{kind}/devices"))
        if made:
            total += made + (source.number(f"{folder}/{kind}/available_instances") or 0)
    return total


def with_card(device: Device, card: Card | None) -> Device:
    """Return a device with the model and compute capability from its driver's tool."""
    return device if card is None else msgspec.structs.replace(device, model=card.name, compute=card.compute)


def reachable(source: MachineSource, device: Device, cards: dict[str, Card] | None) -> bool:
    """Whether a container can use a device: its driver lists it, or there is a render node for it."""
    if device.vendor == NVIDIA and cards is not None:
        given = device.address in cards
    else:
        nodes = source.names(f"{DEVICES}/{device.address}/drm")
        given = any(source.has(f"dev/dri/{node}") for node in nodes if node.startswith("renderD"))
    if not given:
        source.note(device.address, f"{device.kind.value} of the host, not available in this container")
    return given
