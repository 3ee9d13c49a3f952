"""The few names that all generated worlds use: few, so that providers share, tie and run short often."""

from __future__ import annotations

from typing import Final

from berth.model.inventory import Inventory


def numbered(kind: int, count: int) -> tuple[str, ...]:
    """Return uuids that a person can tell apart."""
    return tuple(f"{kind}{number:07x}-0000-4000-8000-000000000000" for number in range(1, count + 1))


PROVIDERS: Final = numbered(1, 10)
AGGREGATES: Final = numbered(2, 3)
CONSUMERS: Final = numbered(3, 5)
NEW_CONSUMERS: Final = numbered(4, 3)
"""Consumers that claim found candidates only."""

UNKNOWN_UUID: Final = numbered(9, 1)[0]
"""A uuid that nothing has."""

CLASSES: Final = ("VCPU", "MEMORY_MB", "DISK_GB", "VGPU")
CUSTOM_CLASSES: Final = ("CUSTOM_GOLD", "CUSTOM_TIN")
TRAITS: Final = ("HW_CPU_X86_AVX", "HW_CPU_X86_SSE", "STORAGE_DISK_SSD", "COMPUTE_NODE")
CUSTOM_TRAITS: Final = ("CUSTOM_FAST", "CUSTOM_RED")
UNUSED_NAME: Final = "CUSTOM_NEVER"
"""A legal name that nothing uses."""

PROJECTS: Final = ("project-a", "project-b")
USERS: Final = ("user-a", "user-b")
TYPES: Final = ("INSTANCE", "VOLUME")
SUFFIXES: Final = ("1", "2", "3")

LARGE_INVENTORY: Final = Inventory(total=1000)
"""An inventory in which every claim of a generated world fits."""
