"""Commands and requests as JSON messages: every value an object with named fields.

The model's values are laid out for memory and for the change log. The types of their messages are derived from them
here, field by field, so that each is defined once: a message accepts exactly the fields of its value.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

from berth.model import commands
from berth.model.candidate import Grant
from berth.model.commands import Command
from berth.model.drain import Drain, DrainOutcome, Undrain
from berth.model.edits import (
    DeleteTree,
    EditAggregates,
    EditConsumer,
    EditTraits,
    NameAggregate,
    RenamedProvider,
    RenameTree,
)
from berth.model.ended_consumer import UndoOutcome
from berth.model.inventory_edits import EditedInventories, EditInventories
from berth.model.lease import LeaseInfo, Renewal
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.provider import Provider
from berth.model.reconciliation import Reconcile, ReconcileReport
from berth.model.record import RecordOutcome
from berth.model.releases import ReleasedPage, ReleaseMatching

T = TypeVar("T")

RESULTS: Final[dict[type[Command], Any]] = {
    commands.CreateProvider: Provider,
    commands.UpdateProvider: Provider,
    commands.DeleteProvider: None,
    DeleteTree: list[str],
    RenameTree: list[RenamedProvider],
    commands.SetInventories: int,
    commands.AddInventory: int,
    commands.UpdateInventory: int,
    commands.DeleteInventory: int,
    EditInventories: EditedInventories,
    Drain: DrainOutcome,
    Undrain: DrainOutcome,
    commands.SetTraits: int,
    commands.SetAggregates: int,
    EditTraits: int,
    EditAggregates: int,
    NameAggregate: str,
    EditConsumer: None,
    commands.CreateTrait: bool,
    commands.DeleteTrait: None,
    commands.CreateClass: bool,
    commands.RenameClass: None,
    commands.DeleteClass: None,
    commands.SetAllocations: None,
    commands.Allocate: Grant,
    commands.ReleaseAllocations: None,
    ReleaseMatching: ReleasedPage,
    commands.Confirm: None,
    commands.Extend: int,
    commands.Undo: UndoOutcome,
    commands.Reshape: None,
    commands.PutRecords: list[RecordOutcome],
    GrantLease: LeaseInfo,
    RenewLeases: dict[str, Renewal],
    EndLease: int,
}
"""The commands that can be sent, with the types of their results.

A number is a generation; of Extend it is the deadline, of EndLease how many claims are released or detached.
"""

UNKEYED: Final = frozenset({RenewLeases})
"""Those that take no idempotency key, since to carry one out twice does no harm."""

KEPT_RESULTS: Final[dict[type[Command], Any]] = {**RESULTS, Reconcile: ReconcileReport}
"""The types of the results of all commands that may have an idempotency key."""

_VALUES: Final[dict[type, type]] = {}
"""The type of the value, by the type of its message."""


@cache
def message_of(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the type of the messages for values of this type."""
    fields = []
    for field in msgspec.structs.fields(kind):
        default: Any = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = msgspec.field(default_factory=field.default_factory)
        required = default is msgspec.NODEFAULT
        fields.append(
            (field.name, _message_type(field.type)) if required else (field.name, _message_type(field.type), default)
        )
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


def _message_type(kind: Any) -> Any:
    """Return a field's type, with types of messages instead of types of values."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return message_of(kind)
    inner = tuple(map(_message_type, get_args(kind)))
    if not inner:
        return kind
    if isinstance(kind, types.UnionType) or get_origin(kind) is Union:
        return Union[inner]  # noqa: UP007 - made at run time
    return get_origin(kind)[inner]


def message(value: Any) -> Any:
    """Return a value as its message."""
    if isinstance(value, msgspec.Struct):
        kind = message_of(type(value))
        return kind(**{name: message(getattr(value, name)) for name in value.__struct_fields__})
    return _map_items(value, message)


def value(message: Any) -> Any:
    """Return a message as its value."""
    kind = _VALUES.get(type(message))
    if kind is not None:
        return kind(**{name: value(getattr(message, name)) for name in message.__struct_fields__})
    return _map_items(message, value)


def _map_items(it: Any, change: Any) -> Any:
    """Return a container with its items changed; anything else unchanged."""
    if isinstance(it, dict):
        return {key: change(item) for key, item in it.items()}
    if isinstance(it, tuple | list):
        return type(it)(map(change, it))
    return it
