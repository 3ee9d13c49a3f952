"""Edits of the inventories of all providers that match a filter: every one of them, or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from berth.fleet.views.provider_page import matching_providers
from berth.ledger.write.decide.inventories import check_inventory
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.model.errors import CapacityBelowUse, Invalid, NothingMatches
from berth.model.inventory import Inventory
from berth.model.inventory_edits import (
    MOST_EDITED,
    MOST_OVER,
    EditedInventories,
    EditInventories,
    OverCommitment,
    given_fields,
)
from berth.model.overview import ProviderFilter
from berth.model.plural import plural


@dataclass(frozen=True, slots=True)
class _Edit:
    """One provider, its inventory of the class before and after, and how much is held of it."""

    provider: DraftProvider
    before: Inventory
    after: Inventory
    used: int

    @property
    def is_over(self) -> bool:
        """Whether more is held than could be claimed then."""
        return self.used > self.after.capacity

    @property
    def falls_below(self) -> bool:
        """Whether that is so because of the edit: a capacity that rises may still be too small."""
        return self.is_over and self.after.capacity < self.before.capacity


def edit_inventories(draft: Draft, command: EditInventories) -> EditedInventories:
    """Set fields of one class on every provider that matches. The generation of each that changes rises by one.

    Raises NothingMatches, Invalid if more than MOST_EDITED match, ReservedExceedsTotal, UnitsContradict, and
    CapacityBelowUse unless that is all right.
    """
    edits = list(_edits(draft, command))
    for edit in edits:
        check_inventory(edit.provider.uuid, command.resource_class, edit.after)
    below = [edit.provider.uuid for edit in edits if edit.falls_below]
    changed = [edit for edit in edits if edit.after != edit.before]
    if not command.dry_run:
        if below and not command.over_capacity_ok:
            raise CapacityBelowUse(command.resource_class, below)
        for edit in changed:
            _apply(draft, edit, command.resource_class)
    over = sorted((edit for edit in edits if edit.is_over), key=lambda edit: edit.provider.name)
    return EditedInventories(len(edits), len(changed), list(map(_over_commitment, over[:MOST_OVER])), len(over))


def _edits(draft: Draft, command: EditInventories) -> Iterator[_Edit]:
    """Yield the edit of each provider that matches and has the class. Raises NothingMatches, Invalid."""
    fleet, name, fields = draft.fleet, command.resource_class, given_fields(command.fields)
    having = matching_providers(fleet, ProviderFilter(resource_class=name))
    slots = np.flatnonzero(having if command.where is None else having & matching_providers(fleet, command.where))
    if not len(slots):
        raise NothingMatches(name)
    if len(slots) > MOST_EDITED:
        found = plural(len(slots), "provider matches", "providers match")
        raise Invalid(f"{found}: the limit is {MOST_EDITED:,}", at="/where")
    for slot in slots.tolist():
        provider = draft.provider(fleet.uuids[slot])
        before = draft.inventory(provider, name)
        assert before is not None, "the fleet has the class at this slot"
        yield _Edit(provider, before, msgspec.structs.replace(before, **fields), draft.used(provider, name))


def _apply(draft: Draft, edit: _Edit, name: str) -> None:
    draft.set_inventories(edit.provider, {**draft.inventories(edit.provider), name: edit.after})
    draft.touch(edit.provider)


def _over_commitment(edit: _Edit) -> OverCommitment:
    return OverCommitment(edit.provider.uuid, edit.provider.name, edit.used, edit.after.capacity, edit.before.capacity)
