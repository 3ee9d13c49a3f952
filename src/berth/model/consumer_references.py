"""Names of consumers in place of their uuids, in commands of a program. A text that is a uuid is taken for one."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from berth.model import commands
from berth.model.commands import Claim
from berth.model.edits import EditConsumer
from berth.model.names import parse_uuid
from berth.model.releases import ReleaseMatching
from berth.model.term import Term

_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    commands.ReleaseAllocations: ("consumer",),
    ReleaseMatching: ("consumers",),
    EditConsumer: ("consumer",),
    commands.Confirm: ("consumer", "onto"),
    commands.Extend: ("consumer",),
    commands.SetAllocations: ("claims",),
    commands.Reshape: ("claims",),
    commands.Allocate: ("term",),
    Claim: ("consumer", "term"),
    Term: ("replaces",),
}
"""Where commands, and values in them, name consumers: texts, and values of these types. A new one has no name yet."""


def consumers_in(given: Any) -> list[str]:
    """Return the texts that stand for consumers in a command and are not uuids."""
    if isinstance(given, str):
        return [given] if given and parse_uuid(given) is None else []
    parts = (
        given if isinstance(given, list | tuple) else [getattr(given, each) for each in _FIELDS.get(type(given), ())]
    )
    return [name for part in parts for name in consumers_in(part)]


def with_consumers(given: Any, uuids: dict[str, str]) -> Any:
    """Return a command with uuids instead of the names of consumers."""
    if isinstance(given, str):
        return uuids.get(given, given)
    if isinstance(given, list | tuple):
        return tuple(with_consumers(part, uuids) for part in given)
    fields = {field: with_consumers(getattr(given, field), uuids) for field in _FIELDS.get(type(given), ())}
    return replace(given, **fields) if fields else given
