"""Providers as records: one line of JSON each, for bringing whole fleets in and out."""

from __future__ import annotations

import enum

import msgspec

from berth.model.inventory import MAX_INT, Inventory


class InventoryRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An inventory; what is left out has the default of berth.model.inventory.Inventory."""

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_INT
    step_size: int = 1
    allocation_ratio: float = 1.0

    def inventory(self) -> Inventory:
        """The same as the ledger's value."""
        return Inventory(self.total, self.reserved, self.min_unit, self.max_unit, self.step_size, self.allocation_ratio)


class ProviderRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A provider with all that it has. uuid: found by the name if left out; parent: a uuid or a name."""

    name: str
    uuid: str | None = None
    parent: str | None = None
    inventories: dict[str, InventoryRecord] = {}
    traits: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()


class RecordStatus(enum.StrEnum):
    """What a record came to."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RecordOutcome(msgspec.Struct, frozen=True):
    """What one record came to, and why, if it was refused."""

    became: RecordStatus
    why: str = ""
