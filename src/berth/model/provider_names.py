"""Names of providers in place of their uuids, in commands of a program.

A text that is a uuid is taken for one: a provider whose name looks like a uuid is `ledger.provider(name).uuid`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from berth.model import commands
from berth.model.commands import Claim, NewInventories
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditTraits, RenameTree
from berth.model.errors import Invalid, ProviderNotFound
from berth.model.names import parse_uuid
from berth.model.releases import ReleaseMatching
from berth.model.request import CandidateRequest, Group

_UUID: Final = ("uuid",)

_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    commands.CreateProvider: ("parent",),
    commands.UpdateProvider: ("uuid", "parent"),
    commands.DeleteProvider: _UUID,
    DeleteTree: _UUID,
    RenameTree: _UUID,
    commands.SetInventories: _UUID,
    commands.AddInventory: _UUID,
    commands.UpdateInventory: _UUID,
    commands.DeleteInventory: _UUID,
    commands.SetTraits: _UUID,
    commands.SetAggregates: _UUID,
    EditTraits: _UUID,
    EditAggregates: _UUID,
    Drain: ("providers",),
    Undrain: ("providers",),
    ReleaseMatching: ("holders_of", "on"),
    commands.SetAllocations: ("claims",),
    commands.Confirm: ("allocations",),
    commands.Reshape: ("inventories", "claims"),
    commands.Allocate: ("request",),
    Claim: ("allocations",),
    NewInventories: _UUID,
    CandidateRequest: ("groups",),
    Group: ("in_tree",),
}
"""Where commands, and values in them, name providers: texts, keys of dictionaries, and values of these types."""


_LISTS: Final = frozenset({"providers"})
"""Those of these fields that have several texts."""


def names_in(given: Any) -> list[str]:
    """Return the texts that stand for providers in a command or a request and are not uuids."""
    texts: list[Any] = []
    _collect(given, texts)
    return [text for text in texts if text and isinstance(text, str) and parse_uuid(text) is None]


def with_uuids(given: Any, uuids: dict[str, str]) -> Any:
    """Return a command or a request with uuids instead of names. uuids: of those names that providers have.

    Raises ProviderNotFound for another name; one of `in_tree` is left to the validation of requests, which says where.
    """

    def uuid_of(text: str) -> str:
        if text in uuids or not text or parse_uuid(text) is not None:
            return uuids.get(text, text)
        raise ProviderNotFound(text)

    return _replaced(given, uuid_of)


def _collect(given: Any, texts: list[Any]) -> None:
    """Add to texts what names providers in a value. Every command comes through here, so it is no generator."""
    for field in _FIELDS.get(type(given), ()):
        value = getattr(given, field)
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            texts += value
        elif isinstance(value, list | tuple):
            for part in value:
                if not isinstance(part, str):
                    _collect(part, texts)
                elif field in _LISTS:
                    texts.append(part)
        elif value is not None:
            _collect(value, texts)


def _replaced(given: Any, uuid_of: Callable[[str], str]) -> Any:
    if isinstance(given, Group):
        return given if given.in_tree is None else replace(given, in_tree=_tree_uuid(given.in_tree, uuid_of))
    fields = {field: _with_new(getattr(given, field), uuid_of) for field in _FIELDS.get(type(given), ())}
    return replace(given, **fields) if fields else given


def _tree_uuid(text: Any, uuid_of: Callable[[str], str]) -> Any:
    try:
        return uuid_of(text)
    except ProviderNotFound:
        return text


def _with_new(value: Any, uuid_of: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return uuid_of(value)
    if isinstance(value, dict):
        return _new_keys(value, uuid_of)
    if isinstance(value, list | tuple):
        return tuple(uuid_of(part) if isinstance(part, str) else _replaced(part, uuid_of) for part in value)
    return _replaced(value, uuid_of)


def _new_keys(given: dict[Any, Any], uuid_of: Callable[[str], str]) -> dict[Any, Any]:
    new = {uuid_of(key) if isinstance(key, str) else key: value for key, value in given.items()}
    if len(new) < len(given):
        raise Invalid("a claim names the same provider twice")
    return new
