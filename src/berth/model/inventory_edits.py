"""Edits of the inventories of many providers at once: one class, a few fields, everything that matches a filter."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.model.commands import KEEP, Command, Keep
from berth.model.overview import ProviderFilter

MOST_EDITED: Final = 20_000
"""How many providers one command changes: others wait for it, and its facts have to fit into one entry of the log."""

MOST_OVER: Final = 1_000
"""How many providers over their capacity a result names."""


class InventoryFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of inventories to set; those with KEEP (in JSON: omitted) stay as they are."""

    total: int | Keep = KEEP
    reserved: int | Keep = KEEP
    min_unit: int | Keep = KEEP
    max_unit: int | Keep = KEEP
    step_size: int | Keep = KEEP
    allocation_ratio: float | Keep = KEEP


class EditInventories(Command, frozen=True):
    """Set fields of the inventories of one class, of all providers that match: all of them, or nothing.

    where: None for every provider; of those that match, those that have the class are changed, at most 20,000.
    over_capacity_ok: whether more may be held of one afterwards than can be claimed; dry_run: change nothing.
    """

    where: ProviderFilter | None
    resource_class: str
    fields: InventoryFields
    over_capacity_ok: bool = False
    dry_run: bool = False


class OverCommitment(msgspec.Struct, frozen=True):
    """A provider of which more is held than can be claimed. capacity: after the edit; capacity_before: before it."""

    uuid: str
    name: str
    used: int
    capacity: int
    capacity_before: int


class EditedInventories(msgspec.Struct, frozen=True):
    """The effect of an edit. matched: how many providers it is about; changed: how many of them it changes.

    over_capacity: those of which more is held than can be claimed then, the first 1,000 by name; over_count: of all.
    """

    matched: int
    changed: int
    over_capacity: list[OverCommitment]
    over_count: int


def given_fields(fields: InventoryFields) -> dict[str, int | float]:
    """Return the fields that are to be set, by name."""
    return {name: value for name, value in msgspec.structs.asdict(fields).items() if value is not KEEP}
