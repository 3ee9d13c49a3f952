"""Identity: a machine's name, its unique id, and its hypervisor."""

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
"""Words in the firmware's names that indicate a virtual machine."""

_MACHINE_ID = re.compile(r"[0-9a-f]{32}")


def read_name(source: MachineSource) -> str:
    """Return the machine's host name."""
    name = source.text("proc/sys/kernel/hostname") or source.text("etc/hostname")
    if not name or name == "(none)":
        source.note("host name", "not set: localhost is used")
        return "localhost"
    return name


def read_identity(source: MachineSource, name: str, container: str | None) -> str:
    """Return an identity that stays the same for as long as this is the same machine, for every user.

    machine-id(5); else the firmware's serial uuid, which comes second because only root may read it; else
    the name. A container is identified by its name: its machine-id is often its image's, and its firmware its host's.
    """
    for path in () if container else MACHINE_IDS:
        text = source.text(path) or ""
        if _MACHINE_ID.fullmatch(text):
            return text
    number = None if container else source.text(f"{FIRMWARE}/product_uuid")
    if number:
        return number.lower()
    source.note("identity", f"only the name is known: after a renaming {name} would be another machine")
    return f"name:{name}"


def read_virtual(source: MachineSource, cpus: Cpus) -> str | None:
    """Return the hypervisor of a virtual machine; None for a physical one."""
    parts = [source.text(f"{FIRMWARE}/{field}") for field in ("sys_vendor", "product_name")]
    firmware = " ".join(filter(None, parts))
    xen = source.text("sys/hypervisor/type")
    if xen:
        return firmware or xen
    if "hypervisor" in cpus.features or any(word in firmware for word in VIRTUAL_MAKERS):
        return firmware or "a hypervisor"
    return None
