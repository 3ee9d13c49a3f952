"""Records: providers as one line of JSON each, for the import and export of whole fleets."""

from __future__ import annotations

import enum

import msgspec

from berth.model.aggregate import AggregateRecord
from berth.model.inventory import MAX_INT, Inventory


class InventoryRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An inventory; omitted fields have the defaults of berth.model.inventory.Inventory."""

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_INT
    step_size: int = 1
    allocation_ratio: float = 1.0

    def inventory(self) -> Inventory:
        """Return the ledger's value."""
        return Inventory(self.total, self.reserved, self.min_unit, self.max_unit, self.step_size, self.allocation_ratio)


class ProviderRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A provider with everything it has. uuid: looked up by name if omitted; parent: a uuid or a name.

    aggregates: names, which are created if they are new, or uuids; aggregate_names: what an import cannot know of
    these names, should they be new: their uuids and kinds.
    """

    name: str
    uuid: str | None = None
    parent: str | None = None
    inventories: dict[str, InventoryRecord] = {}
    traits: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()
    aggregate_names: dict[str, AggregateRecord] = {}


class RecordStatus(enum.StrEnum):
    """The outcome of an import of one record."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RecordOutcome(msgspec.Struct, frozen=True):
    """The outcome of one record, with the reason if it was refused."""

    became: RecordStatus
    why: str = ""
