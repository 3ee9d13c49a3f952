"""Custom resource classes and traits."""

from __future__ import annotations

import numpy as np

from berth.fleet.state.columns import Slots
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.views.providers import associated_traits
from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.change import NameKind
from berth.model.errors import (
    MOST_NAMED,
    ClassExists,
    ClassInUse,
    InvalidName,
    StandardName,
    TraitInUse,
    TraitsNotFound,
)
from berth.model.names import CUSTOM_PREFIX, is_custom_name


def create_trait(draft: Draft, command: commands.CreateTrait) -> bool:
    """Create a custom trait. Return whether it is new."""
    if not is_custom_name(command.name):
        raise InvalidName(command.name)
    if draft.id_of(NameKind.TRAIT, command.name) is not None:
        return False
    draft.add_name(NameKind.TRAIT, command.name)
    return True


def delete_trait(draft: Draft, command: commands.DeleteTrait) -> None:
    """Delete a custom trait."""
    number = draft.fleet.catalogue.id_of(NameKind.TRAIT, command.name)
    if number is None:
        raise TraitsNotFound([command.name])
    if not command.name.startswith(CUSTOM_PREFIX):
        raise StandardName("delete", "trait", command.name)
    fleet = draft.fleet
    if number in associated_traits(fleet):
        having = fleet.trait_sets.having_any((number,))[fleet.trait_set.values] & (fleet.root.values != NO_SLOT)
        raise TraitInUse(command.name, *_first_of(fleet, np.flatnonzero(having).astype(np.int32)))
    draft.remove_name(NameKind.TRAIT, command.name)


def create_class(draft: Draft, command: commands.CreateClass) -> bool:
    """Create a custom resource class. Return whether it is new."""
    if not is_custom_name(command.name):
        raise InvalidName(command.name)
    if draft.id_of(NameKind.CLASS, command.name) is not None:
        if command.exist_ok:
            return False
        raise ClassExists(command.name)
    draft.add_name(NameKind.CLASS, command.name)
    return True


def rename_class(draft: Draft, command: commands.RenameClass) -> None:
    """Rename a custom resource class."""
    draft.need_class(command.name)
    if not command.name.startswith(CUSTOM_PREFIX):
        raise StandardName("update", "resource class", command.name)
    if not is_custom_name(command.new_name):
        raise InvalidName(command.new_name)
    if command.new_name == command.name:
        return
    if draft.id_of(NameKind.CLASS, command.new_name) is not None:
        raise ClassExists(command.new_name)
    draft.rename(NameKind.CLASS, command.name, command.new_name)


def delete_class(draft: Draft, command: commands.DeleteClass) -> None:
    """Delete a custom resource class."""
    draft.need_class(command.name)
    if not command.name.startswith(CUSTOM_PREFIX):
        raise StandardName("delete", "resource class", command.name)
    column = draft.fleet.columns.get(draft.fleet.catalogue.class_id(command.name))
    if column:
        raise ClassInUse(command.name, *_first_of(draft.fleet, column.slots.values))
    draft.remove_name(NameKind.CLASS, command.name)


def _first_of(fleet: Fleet, slots: Slots) -> tuple[list[str], int]:
    """Return the uuids of the first few of these providers, and how many there are."""
    return [fleet.uuids[slot] for slot in slots[:MOST_NAMED].tolist()], len(slots)
