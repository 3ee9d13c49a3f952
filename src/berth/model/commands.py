"""Commands: one value for each way to change the ledger."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.model.record import ProviderRecord
from berth.model.request import CandidateRequest
from berth.model.term import Term
from berth.model.token import Token


class Marker(enum.Enum):
    """Values that stand for no generation."""

    UNCHECKED = "unchecked"


UNCHECKED: Final = Marker.UNCHECKED
"""Instead of a generation: write regardless of the current one."""

Keep = msgspec.UnsetType
KEEP: Final = msgspec.UNSET
"""Instead of a new value: leave the field unchanged. In JSON such a field is omitted."""

Generation = int | Marker
ConsumerGeneration = int | Marker | None
"""None: the consumer must be new."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something that changes the ledger, or is refused and changes nothing."""


class CreateProvider(Command, frozen=True):
    """Add a provider, as a root or below parent."""

    uuid: str
    name: str
    parent: str | None = None


class UpdateProvider(Command, frozen=True):
    """Rename a provider, or move it (with all below it). reparenting: whether it may leave a parent."""

    uuid: str
    name: str | Keep = KEEP
    parent: str | Keep | None = KEEP
    reparenting: bool = True


class DeleteProvider(Command, frozen=True):
    """Remove a provider that has no children and no allocations."""

    uuid: str


class SetInventories(Command, frozen=True):
    """Replace all inventories of a provider. reserved_may_equal_total: since Placement 1.26."""

    uuid: str
    inventories: dict[str, Inventory]
    generation: Generation = UNCHECKED
    reserved_may_equal_total: bool = True


class AddInventory(Command, frozen=True):
    """Add an inventory of a class that the provider does not have yet."""

    uuid: str
    resource_class: str
    inventory: Inventory
    reserved_may_equal_total: bool = True


class UpdateInventory(Command, frozen=True):
    """Replace the inventory of one class."""

    uuid: str
    resource_class: str
    inventory: Inventory
    generation: Generation = UNCHECKED
    reserved_may_equal_total: bool = True


class DeleteInventory(Command, frozen=True):
    """Remove the inventory of one class."""

    uuid: str
    resource_class: str


class SetTraits(Command, frozen=True):
    """Replace the traits of a provider."""

    uuid: str
    traits: frozenset[str]
    generation: Generation = UNCHECKED


class SetAggregates(Command, frozen=True):
    """Replace the aggregates of a provider: uuids, which may be new, or names of aggregates.

    counts: whether this increments the provider's generation (since Placement 1.19).
    """

    uuid: str
    aggregates: tuple[str, ...]
    generation: Generation = UNCHECKED
    counts: bool = True


class CreateTrait(Command, frozen=True):
    """Create a custom trait; it may exist already."""

    name: str


class DeleteTrait(Command, frozen=True):
    """Remove a custom trait that no provider has."""

    name: str


class CreateClass(Command, frozen=True):
    """Create a custom resource class. exist_ok: it may exist already."""

    name: str
    exist_ok: bool = False


class RenameClass(Command, frozen=True):
    """Rename a custom resource class (Placement before 1.7)."""

    name: str
    new_name: str


class DeleteClass(Command, frozen=True):
    """Remove a custom resource class that no provider has an inventory of."""

    name: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one consumer shall hold, replacing what it holds now.

    allocations: amounts by provider uuid and class; empty: release the consumer.
    generation: the one that the caller expects. type: KEEP leaves it unchanged (None for a new consumer). term: KEEP
    leaves the end unchanged (none for a new consumer), and confirms a consumer that is pending, without an end. name,
    note: what people call it, and what they want to remember; None removes them.
    """

    consumer: str
    allocations: dict[str, Resources]
    project: str
    user: str
    generation: ConsumerGeneration = UNCHECKED
    type: str | Keep | None = KEEP
    term: Term | Keep = KEEP
    name: str | Keep | None = KEEP
    note: str | Keep | None = KEEP


class SetAllocations(Command, frozen=True):
    """Write the claims of one or several consumers: all or none."""

    claims: tuple[Claim, ...]


class Allocate(Command, frozen=True):
    """Find where a request fits, and claim it for a new consumer, in one atomic step.

    term: KEEP is one without end; name, note: as of Claim, KEEP for none.
    """

    request: CandidateRequest
    consumer: str
    project: str
    user: str
    type: str | None = None
    term: Term | Keep = KEEP
    name: str | Keep = KEEP
    note: str | Keep = KEEP


class ReleaseAllocations(Command, frozen=True):
    """Release everything that a consumer holds; the consumer ends."""

    consumer: str


class Confirm(Command, frozen=True):
    """Make the hold of a consumer its claim: in time it is never refused for room.

    allocations: less than is held, by provider uuid and class; the rest is released. onto: the consumer that gets the
    amounts, in addition to what it has; the hold is gone. A hold that replaces a consumer becomes its claim. end: when
    the claim ends, in microseconds since 1970 UTC, None for ever; KEEP leaves it unchanged.
    """

    consumer: str
    allocations: dict[str, Resources] | Keep = KEEP
    onto: str | None = None
    end: int | Keep | None = KEEP


class Extend(Command, frozen=True):
    """Let a hold be pending, or a claim that ends go on, for this time from now, in seconds; it never ends earlier."""

    consumer: str
    seconds: int


class Lapse(Command, frozen=True):
    """Sweep what counts no more, as any command does first that is carried out: a server's timer sends it."""


class Undo(Command, frozen=True):
    """Restore claims that Berth ended in a change, not their owners: what they had. partial: those that fit."""

    change: int
    partial: bool = False


class NewInventories(msgspec.Struct, frozen=True, kw_only=True):
    """The inventories of a provider after a reshape, replacing those it has."""

    uuid: str
    inventories: dict[str, Inventory]
    generation: int


class Reshape(Command, frozen=True):
    """Move inventories between providers together with their allocations: all or nothing (Placement 1.30)."""

    inventories: tuple[NewInventories, ...]
    claims: tuple[Claim, ...]


class PutRecords(Command, frozen=True):
    """Import providers with everything they have: refused ones are left out, all others are written together.

    new_uuids: one for each record, used for new providers without a uuid; generated if empty.
    """

    records: tuple[ProviderRecord, ...]
    new_uuids: tuple[str, ...] = ()


class CreateToken(Command, frozen=True):
    """Create an API token. Only its hash is given."""

    token: Token

    @property
    def name(self) -> str:
        """The token's name."""
        return self.token.name


class RevokeToken(Command, frozen=True):
    """Revoke an API token."""

    name: str


class RotateToken(Command, frozen=True):
    """Give an API token a new secret. grace: how long the old one stays valid, in microseconds."""

    name: str
    hash: str
    grace: int = 0
    expires_at: int | Keep | None = KEEP
