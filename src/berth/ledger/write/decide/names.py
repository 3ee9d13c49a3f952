"""Custom resource classes and traits."""

from __future__ import annotations

from berth.fleet.views.providers import associated_traits
from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.change import NameKind
from berth.model.errors import ClassExists, ClassInUse, InvalidName, StandardName, TraitInUse, TraitsNotFound
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
    if number in associated_traits(draft.fleet):
        raise TraitInUse(command.name)
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
    if draft.fleet.columns.get(draft.fleet.catalogue.class_id(command.name)):
        raise ClassInUse(command.name)
    draft.remove_name(NameKind.CLASS, command.name)
