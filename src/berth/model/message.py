"""Commands and requests as messages: the JSON in which they travel, every value an object with named fields.

The model's values are made for memory and for the change log. Their messages are made from them here, field by
field, so that there is one definition of each: a message takes no field that its value has not.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

from berth.model import commands
from berth.model.candidate import Grant
from berth.model.commands import Command
from berth.model.provider import Provider
from berth.model.record import RecordOutcome

T = TypeVar("T")

RESULTS: Final[dict[type[Command], Any]] = {
    commands.CreateProvider: Provider,
    commands.UpdateProvider: Provider,
    commands.DeleteProvider: None,
    commands.SetInventories: int,
    commands.AddInventory: int,
    commands.UpdateInventory: int,
    commands.DeleteInventory: int,
    commands.SetTraits: int,
    commands.SetAggregates: int,
    commands.CreateTrait: bool,
    commands.DeleteTrait: None,
    commands.CreateClass: bool,
    commands.RenameClass: None,
    commands.DeleteClass: None,
    commands.SetAllocations: None,
    commands.Allocate: Grant,
    commands.ReleaseAllocations: None,
    commands.Reshape: None,
    commands.PutRecords: list[RecordOutcome],
}
"""The commands that can be sent, and what each comes to: a generation where it is a number."""

_VALUES: Final[dict[type, type]] = {}
"""By a message's type: the type of the value that it stands for."""


@cache
def message_of(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The type of the messages that stand for values of this type."""
    fields = []
    for field in msgspec.structs.fields(kind):
        default: Any = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = msgspec.field(default_factory=field.default_factory)
        required = default is msgspec.NODEFAULT
        fields.append((field.name, _form(field.type)) if required else (field.name, _form(field.type), default))
    message = msgspec.defstruct(
        kind.__name__,
        fields,
        namespace={"__doc__": kind.__doc__},
        module=__name__,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
    )
    _VALUES[message] = kind
    return message


def _form(kind: Any) -> Any:
    """A field's type, with the types of messages instead of those of values."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return message_of(kind)
    inner = tuple(map(_form, get_args(kind)))
    if not inner:
        return kind
    if isinstance(kind, types.UnionType) or get_origin(kind) is Union:
        return Union[inner]  # noqa: UP007 - made at run time
    return get_origin(kind)[inner]


def message(value: Any) -> Any:
    """A value as its message."""
    if isinstance(value, msgspec.Struct):
        kind = message_of(type(value))
        return kind(**{name: message(getattr(value, name)) for name in value.__struct_fields__})
    return _inside(value, message)


def value(message: Any) -> Any:
    """A message as its value."""
    kind = _VALUES.get(type(message))
    if kind is not None:
        return kind(**{name: value(getattr(message, name)) for name in message.__struct_fields__})
    return _inside(message, value)


def _inside(it: Any, change: Any) -> Any:
    """The same container with its items changed; what is no container, as it is."""
    if isinstance(it, dict):
        return {key: change(item) for key, item in it.items()}
    if isinstance(it, tuple | list):
        return type(it)(map(change, it))
    return it
