"""What is to become of one registered provider, given what was found: pure decisions.

A machine says how much there is; people say how it may be used. So totals and hardware traits
follow the machine, while reserved, allocation_ratio, min_unit and step_size, classes and traits of
one's own stay as they were set. Nothing that is held is ever taken away.
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
"""The classes that discovery writes, and so may take away; and those that start with HUGE_PAGES."""

GONE: Final = "CUSTOM_GONE_"
"""Before a class's name: a trait of a provider that has this class no more, while somebody still holds some of it."""

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
"""How the traits start that discovery writes, and so may take away."""


class Action(enum.StrEnum):
    """What is to happen to a provider."""

    ADD = "add"
    CHANGE = "change"
    SAME = "unchanged"
    REMOVE = "remove"
    KEEP = "keep"


class Record(msgspec.Struct, frozen=True):
    """A provider as the ledger has it.

    generation: of its inventories; holders: who holds any of each class that was not found any more.
    """

    provider: Provider
    generation: int
    inventories: dict[str, InventoryUsage]
    traits: frozenset[str]
    holders: dict[str, list[str]] = {}


class PlanStep(msgspec.Struct, frozen=True):
    """What is to happen to one provider, and why.

    uuid, name, parent: as they are to be (parent None: no change for a root that somebody put below
    another provider). about: what it is. before, after: its inventories; traits_before, traits_after: its traits.
    remarks: what a person should know. moved: whether name or parent change.
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
        """Whether anything changes in the ledger."""
        differs = self.before != self.after or self.traits_before != self.traits_after
        return differs or self.moved or self.action in (Action.ADD, Action.REMOVE)


def added(found: FoundProvider) -> PlanStep:
    """A provider that the ledger does not have yet."""
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
    """A provider that was found and is registered. complete: whether what was not found is not there."""
    remarks = moves(found, record.provider)
    after = {
        name: adjusted(inventory, record.inventories.get(name), was_gone=gone_trait(name) in record.traits)
        for name, inventory in found.inventories.items()
    }
    lost = {name: stocked for name, stocked in record.inventories.items() if name not in after}
    kept = {name: kept_inventory(name, stocked, complete=complete) for name, stocked in lost.items()}
    after |= {name: inventory for name, inventory in kept.items() if inventory is not None}
    remarks += [remark for name, stocked in lost.items() for remark in farewell(name, stocked, record, complete)]
    remarks += [remark for name in found.inventories for remark in squeezed(name, after[name], record)]
    traits = found.traits | kept_traits(record.traits, found, complete=complete) | marks(after, lost, record, complete)
    step = PlanStep(
        Action.SAME,
        found.uuid,
        found.name,
        found.parent or record.provider.parent,
        found.about,
        {name: unstocked(stocked) for name, stocked in record.inventories.items()},
        after,
        record.traits,
        traits,
        tuple(remarks),
        moved=bool(moves(found, record.provider)),
    )
    return msgspec.structs.replace(step, action=Action.CHANGE) if step.writes else step


def departed(record: Record, *, complete: bool, needed: bool) -> PlanStep:
    """A registered provider that was not found.

    complete: whether what was not found is not there; needed: whether others stay below it.
    """
    provider, held = record.provider, {name for name, stocked in record.inventories.items() if stocked.used}
    before = {name: unstocked(stocked) for name, stocked in record.inventories.items()}
    action, after, traits = Action.KEEP, before, record.traits
    if not complete:
        remarks = ["not found, but not everything could be read: left as it is"]
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
        "not found any more",
        before,
        after,
        record.traits,
        traits,
        tuple(remarks),
    )


def moves(found: FoundProvider, provider: Provider) -> list[str]:
    """What changes of a provider's name and place. Whoever puts a machine below a rack may do so."""
    remarks = []
    if found.name != provider.name:
        remarks.append(f"renamed, was {provider.name}")
    if found.parent is not None and found.parent != provider.parent:
        remarks.append("moved below another provider")
    return remarks


def adjusted(found: Inventory, stocked: InventoryUsage | None, *, was_gone: bool) -> Inventory:
    """What was found, used as people have set. was_gone: it was closed when it went, and opens again."""
    if stocked is None:
        return found
    untouched = stocked.max_unit == stocked.total
    return Inventory(
        total=found.total,
        reserved=0 if was_gone else min(stocked.reserved, found.total),
        min_unit=stocked.min_unit,
        max_unit=found.max_unit if untouched else stocked.max_unit,
        step_size=stocked.step_size,
        allocation_ratio=stocked.allocation_ratio,
    )


def kept_inventory(name: str, stocked: InventoryUsage, *, complete: bool) -> Inventory | None:
    """What stays of a class that was not found; None if nothing does."""
    if not is_own_class(name) or not complete:
        return unstocked(stocked)
    return closed(unstocked(stocked)) if stocked.used else None


def closed(inventory: Inventory) -> Inventory:
    """The same, with no room for anything new."""
    return msgspec.structs.replace(inventory, reserved=inventory.total)


def unstocked(stocked: InventoryUsage) -> Inventory:
    """An inventory without what is held of it."""
    return Inventory(
        stocked.total,
        stocked.reserved,
        stocked.min_unit,
        stocked.max_unit,
        stocked.step_size,
        stocked.allocation_ratio,
    )


def kept_traits(registered: frozenset[str], found: FoundProvider, *, complete: bool) -> frozenset[str]:
    """The registered traits that stay though they were not found: other people's, and all after a poor reading."""
    if complete:
        return frozenset(trait for trait in registered if not trait.startswith(OWN_TRAITS))
    return registered - {gone_trait(name) for name in found.inventories}


def marks(
    after: dict[str, Inventory], lost: dict[str, InventoryUsage], record: Record, complete: bool
) -> frozenset[str]:
    """The traits that say what is gone but held."""
    names = {name for name in lost if name in after and is_own_class(name)}
    return frozenset(gone_trait(name) for name in names if complete or gone_trait(name) in record.traits)


def farewell(name: str, stocked: InventoryUsage, record: Record, complete: bool) -> list[str]:
    """What to say of a class that was not found."""
    if not is_own_class(name):
        return []
    if not complete:
        return [f"{name} not found, but not everything could be read: left as it is"]
    return [still_held(name, record)] if stocked.used else [f"{name} gone"]


def still_held(name: str, record: Record) -> str:
    """Who stands in the way of what is gone."""
    holders = record.holders.get(name, [])
    others = f" and {len(holders) - 2} more" if len(holders) > 2 else ""
    who = f" by {', '.join(holders[:2])}{others}" if holders else ""
    return f"{name} gone, but {record.inventories[name].used} held{who}: kept, with no room for more"


def squeezed(name: str, inventory: Inventory, record: Record) -> list[str]:
    """What to say if less is left of a class than is held of it."""
    stocked = record.inventories.get(name)
    if stocked is None or stocked.used <= inventory.capacity or inventory == unstocked(stocked):
        return []
    return [f"{name}: {stocked.used} held, but capacity for {inventory.capacity} is left"]


def is_own_class(name: str) -> bool:
    """Whether discovery writes this class, so that it may take it away."""
    return name in OWN_CLASSES or name.startswith(HUGE_PAGES)


def gone_trait(name: str) -> str:
    """The trait that says that a class is gone but held."""
    return f"{GONE}{name}"[:NAME_LENGTH]
