"""Which machine this is: its name, what tells it from all others, and what it runs on."""

from __future__ import annotations

import re
from typing import Final

from berth.discover.machine import Cpus
from berth.discover.source import MachineSource

MACHINE_IDS: Final = ("etc/machine-id", "var/lib/dbus/machine-id")
FIRMWARE: Final = "sys/class/dmi/id"

VIRTUAL_MAKERS: Final = (
    "Alibaba Cloud",
    "Apple Virtualization",
    "Bochs",
    "KVM",
    "OpenStack",
    "Parallels",
    "QEMU",
    "VMware",
    "Virtual Machine",
    "VirtualBox",
    "Xen",
    "innotek",
)
"""Words of a firmware that is software."""

_MACHINE_ID = re.compile(r"[0-9a-f]{32}")


def read_name(source: MachineSource) -> str:
    """The machine's host name."""
    name = source.text("proc/sys/kernel/hostname") or source.text("etc/hostname")
    if not name or name == "(none)":
        source.note("host name", "not set: called localhost")
        return "localhost"
    return name


def read_identity(source: MachineSource, name: str, container: str | None) -> str:
    """What stays the same for as long as this is the same machine, whoever reads it.

    machine-id(5); else the firmware's number, second since only root may read it and it must not
    matter who asks; else the name. A container goes by its name: its machine-id is often its image's,
    and its firmware its host's.
    """
    for path in () if container else MACHINE_IDS:
        text = source.text(path) or ""
        if _MACHINE_ID.fullmatch(text):
            return text
    number = None if container else source.text(f"{FIRMWARE}/product_uuid")
    if number:
        return number.lower()
    source.note("identity", f"known by its name only: {name} renamed would be another machine")
    return f"name:{name}"


def read_virtual(source: MachineSource, cpus: Cpus) -> str | None:
    """What a virtual machine runs on; None for a real one."""
    said = [source.text(f"{FIRMWARE}/{field}") for field in ("sys_vendor", "product_name")]
    firmware = " ".join(filter(None, said))
    xen = source.text("sys/hypervisor/type")
    if xen:
        return firmware or xen
    if "hypervisor" in cpus.features or any(word in firmware for word in VIRTUAL_MAKERS):
        return firmware or "a hypervisor"
    return None
