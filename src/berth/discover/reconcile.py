"""Reconciling one registered provider with what was found: pure decisions.

The machine determines how much there is, administrators how it may be used. So totals and hardware traits
follow the machine, while reserved, allocation_ratio, min_unit, step_size and custom classes and traits
stay as they were set. Nothing that is held is ever removed.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from berth.discover.cpu_flags import ARM_PREFIX
from berth.discover.tree import CUDA, DEVICE_CLASSES, HUGE_PAGES, FoundProvider
from berth.model.inventory import Inventory
from berth.model.names import NAME_LENGTH
from berth.model.provider import InventoryUsage, Provider

OWN_CLASSES: Final = frozenset({"VCPU", "PCPU", "MEMORY_MB", "DISK_GB", *DEVICE_CLASSES.values()})
"""The classes that discovery writes, and so may remove; also those that begin with HUGE_PAGES."""

GONE: Final = "CUSTOM_GONE_"
"""Prefix of a class's name in the trait of a provider that lost this class while some of it is still held."""

OWN_TRAITS: Final = (
    ARM_PREFIX,
    CUDA,
    f"CUSTOM_{CUDA}",
    "CUSTOM_GPU_",
    "CUSTOM_PCI_PRODUCT_",
    "CUSTOM_PCI_VENDOR_",
    GONE,
    "HW_ARCH_",
    "HW_CPU_",
    "HW_NIC_SRIOV",
    "HW_NUMA_ROOT",
    "STORAGE_DISK_",
)
"""Prefixes of the traits that discovery writes, and so may remove."""


class Action(enum.StrEnum):
    """The action for a provider."""

    ADD = "add"
    CHANGE = "change"
    SAME = "unchanged"
    REMOVE = "remove"
    KEEP = "keep"


class Record(msgspec.Struct, frozen=True):
    """A provider as the ledger has it.

    generation: of its inventories; holders: consumers that hold some of a class that was not found, by class.
    """

    provider: Provider
    generation: int
    inventories: dict[str, InventoryUsage]
    traits: frozenset[str]
    holders: dict[str, list[str]] = {}


class PlanStep(msgspec.Struct, frozen=True):
    """The action for one provider, with the states before and after.

    uuid, name, parent: the new ones (parent None: no change for a root that was moved below another
    provider). about: a description. before, after: its inventories; traits_before, traits_after: its traits.
    remarks: notes for people. moved: whether name or parent change.
    """

    action: Action
    uuid: str
    name: str
    parent: str | None
    about: str
    before: dict[str, Inventory]
    after: dict[str, Inventory]
    traits_before: frozenset[str]
    traits_after: frozenset[str]
    remarks: tuple[str, ...] = ()
    moved: bool = False

    @property
    def writes(self) -> bool:
        """Whether the step writes to the ledger."""
        differs = self.before != self.after or self.traits_before != self.traits_after
        return differs or self.moved or self.action in (Action.ADD, Action.REMOVE)


def added(found: FoundProvider) -> PlanStep:
    """Return the step for a provider that the ledger does not have yet."""
    return PlanStep(
        Action.ADD,
        found.uuid,
        found.name,
        found.parent,
        found.about,
        {},
        found.inventories,
        frozenset(),
        found.traits,
    )


def updated(found: FoundProvider, record: Record, *, complete: bool) -> PlanStep:
    """Return the step for a registered provider that was found. complete: whether everything could be read."""
    remarks = moves(found, record.provider)
    after = {
        name: with_settings_kept(inventory, record.inventories.get(name), was_gone=gone_trait(name) in record.traits)
        for name, inventory in found.inventories.items()
    }
    lost = {name: registered for name, registered in record.inventories.items() if name not in after}
    kept = {name: kept_inventory(name, registered, complete=complete) for name, registered in lost.items()}
    after |= {name: inventory for name, inventory in kept.items() if inventory is not None}
    remarks += [
        remark for name, registered in lost.items() for remark in lost_class_remarks(name, registered, record, complete)
    ]
    remarks += [remark for name in found.inventories for remark in shortfall_remarks(name, after[name], record)]
    traits = (
        found.traits | kept_traits(record.traits, found, complete=complete) | gone_traits(after, lost, record, complete)
    )
    step = PlanStep(
        Action.SAME,
        found.uuid,
        found.name,
        found.parent or record.provider.parent,
        found.about,
        {name: without_usage(registered) for name, registered in record.inventories.items()},
        after,
        record.traits,
        traits,
        tuple(remarks),
        moved=bool(moves(found, record.provider)),
    )
    return msgspec.structs.replace(step, action=Action.CHANGE) if step.writes else step


def missing(record: Record, *, complete: bool, needed: bool) -> PlanStep:
    """Return the step for a registered provider that was not found.

    complete: whether everything could be read; needed: whether other providers remain below it.
    """
    provider, held = record.provider, {name for name, registered in record.inventories.items() if registered.used}
    before = {name: without_usage(registered) for name, registered in record.inventories.items()}
    action, after, traits = Action.KEEP, before, record.traits
    if not complete:
        remarks = ["not found, but not everything could be read: unchanged"]
    elif held or needed:
        after = {name: closed(before[name]) for name in sorted(held)}
        traits = record.traits | {gone_trait(name) for name in held}
        remarks = [still_held(name, record) for name in sorted(held)] or [
            "gone, but other providers are below it: kept"
        ]
    else:
        action, after, traits, remarks = Action.REMOVE, {}, frozenset(), ["gone"]
    return PlanStep(
        action,
        provider.uuid,
        provider.name,
        provider.parent,
        "no longer found",
        before,
        after,
        record.traits,
        traits,
        tuple(remarks),
    )


def moves(found: FoundProvider, provider: Provider) -> list[str]:
    """Return remarks on changes of a provider's name and parent. A machine may be moved below a rack."""
    remarks = []
    if found.name != provider.name:
        remarks.append(f"renamed, was {provider.name}")
    if found.parent is not None and found.parent != provider.parent:
        remarks.append("moved below another provider")
    return remarks


def with_settings_kept(found: Inventory, registered: InventoryUsage | None, *, was_gone: bool) -> Inventory:
    """Return a found inventory with the settings of the registered one. was_gone: it was closed, and opens again."""
    if registered is None:
        return found
    untouched = registered.max_unit == registered.total
    return Inventory(
        total=found.total,
        reserved=0 if was_gone else min(registered.reserved, found.total),
        min_unit=registered.min_unit,
        max_unit=found.max_unit if untouched else registered.max_unit,
        step_size=registered.step_size,
        allocation_ratio=registered.allocation_ratio,
    )


def kept_inventory(name: str, registered: InventoryUsage, *, complete: bool) -> Inventory | None:
    """Return the inventory to keep of a class that was not found; None if it is removed."""
    if not is_own_class(name) or not complete:
        return without_usage(registered)
    return closed(without_usage(registered)) if registered.used else None


def closed(inventory: Inventory) -> Inventory:
    """Return the inventory closed for new claims."""
    return msgspec.structs.replace(inventory, reserved=inventory.total)


def without_usage(registered: InventoryUsage) -> Inventory:
    """Return an inventory without its use."""
    return Inventory(
        registered.total,
        registered.reserved,
        registered.min_unit,
        registered.max_unit,
        registered.step_size,
        registered.allocation_ratio,
    )


def kept_traits(registered: frozenset[str], found: FoundProvider, *, complete: bool) -> frozenset[str]:
    """Return the registered traits to keep: those of administrators, and all if not everything could be read."""
    if complete:
        return frozenset(trait for trait in registered if not trait.startswith(OWN_TRAITS))
    return registered - {gone_trait(name) for name in found.inventories}


def gone_traits(
    after: dict[str, Inventory], lost: dict[str, InventoryUsage], record: Record, complete: bool
) -> frozenset[str]:
    """Return the traits that mark classes which are gone but held."""
    names = {name for name in lost if name in after and is_own_class(name)}
    return frozenset(gone_trait(name) for name in names if complete or gone_trait(name) in record.traits)


def lost_class_remarks(name: str, registered: InventoryUsage, record: Record, complete: bool) -> list[str]:
    """Return remarks on a class that was not found."""
    if not is_own_class(name):
        return []
    if not complete:
        return [f"{name} not found, but not everything could be read: unchanged"]
    return [still_held(name, record)] if registered.used else [f"{name} gone"]


def still_held(name: str, record: Record) -> str:
    """Return a remark on a class that is gone but held, with its holders."""
    holders = record.holders.get(name, [])
    others = f" and {len(holders) - 2} more" if len(holders) > 2 else ""
    who = f" by {', '.join(holders[:2])}{others}" if holders else ""
    return f"{name} gone, but {record.inventories[name].used} held{who}: kept, closed for new claims"


def shortfall_remarks(name: str, inventory: Inventory, record: Record) -> list[str]:
    """Return a remark if the capacity of a class is less than what is held of it."""
    registered = record.inventories.get(name)
    if registered is None or registered.used <= inventory.capacity or inventory == without_usage(registered):
        return []
    return [f"{name}: {registered.used} held, but the capacity is now {inventory.capacity}"]


def is_own_class(name: str) -> bool:
    """Whether discovery writes this class, and so may remove it."""
    return name in OWN_CLASSES or name.startswith(HUGE_PAGES)


def gone_trait(name: str) -> str:
    """Return the trait that marks a class as gone but held."""
    return f"{GONE}{name}"[:NAME_LENGTH]
