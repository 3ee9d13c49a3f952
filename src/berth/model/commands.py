"""What can be asked of the ledger: one value for each way to change it."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.model.record import ProviderRecord
from berth.model.request import CandidateRequest
from berth.model.token import Token


class Marker(enum.Enum):
    """Values that mean something which no generation could."""

    UNCHECKED = "unchecked"


UNCHECKED: Final = Marker.UNCHECKED
"""Instead of a generation: write whatever the present one is."""

Keep = msgspec.UnsetType
KEEP: Final = msgspec.UNSET
"""Instead of a new value: leave the field as it is. In JSON such a field is left out."""

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
    """Remove a provider without children that nobody holds anything of."""

    uuid: str


class SetInventories(Command, frozen=True):
    """Replace all inventories of a provider. reserved_may_equal_total: since Placement 1.26."""

    uuid: str
    inventories: dict[str, Inventory]
    generation: Generation = UNCHECKED
    reserved_may_equal_total: bool = True


class AddInventory(Command, frozen=True):
    """Add an inventory of a class that the provider has nothing of yet."""

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
    """Replace the aggregates of a provider. counts: whether this raises its generation (since Placement 1.19)."""

    uuid: str
    aggregates: tuple[str, ...]
    generation: Generation = UNCHECKED
    counts: bool = True


class CreateTrait(Command, frozen=True):
    """Make a custom trait; it may exist already."""

    name: str


class DeleteTrait(Command, frozen=True):
    """Remove a custom trait that no provider has."""

    name: str


class CreateClass(Command, frozen=True):
    """Make a custom resource class. exist_ok: it may exist already."""

    name: str
    exist_ok: bool = False


class RenameClass(Command, frozen=True):
    """Give a custom resource class another name (Placement before 1.7)."""

    name: str
    new_name: str


class DeleteClass(Command, frozen=True):
    """Remove a custom resource class that no provider has an inventory of."""

    name: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one consumer is to hold from now on, instead of what it holds.

    allocations: amounts by provider uuid and class; empty: it is to hold nothing, and ends.
    generation: what the caller knows of the consumer. type: KEEP leaves it (None for a new one).
    """

    consumer: str
    allocations: dict[str, Resources]
    project: str
    user: str
    generation: ConsumerGeneration = UNCHECKED
    type: str | Keep | None = KEEP


class SetAllocations(Command, frozen=True):
    """Write the claims of one or several consumers: all, or none."""

    claims: tuple[Claim, ...]


class Allocate(Command, frozen=True):
    """Find where a request fits, and claim that for a new consumer: in one step, between which nobody comes."""

    request: CandidateRequest
    consumer: str
    project: str
    user: str
    type: str | None = None


class ReleaseAllocations(Command, frozen=True):
    """End a consumer: it holds nothing any more."""

    consumer: str


class NewInventories(msgspec.Struct, frozen=True, kw_only=True):
    """The inventories that a provider is to have after a reshape, instead of those it has."""

    uuid: str
    inventories: dict[str, Inventory]
    generation: int


class Reshape(Command, frozen=True):
    """Move inventories between providers together with what is held of them: all, or nothing (Placement 1.30)."""

    inventories: tuple[NewInventories, ...]
    claims: tuple[Claim, ...]


class PutRecords(Command, frozen=True):
    """Bring providers in, with all that they have: those that are refused are left out, all others come in together.

    new_uuids: one for each record, for those that have none of their own and are new; made, if there are none here.
    """

    records: tuple[ProviderRecord, ...]
    new_uuids: tuple[str, ...] = ()


class CreateToken(Command, frozen=True):
    """Let somebody in, with an API token of which only the hash is given."""

    token: Token

    @property
    def name(self) -> str:
        """What it is called."""
        return self.token.name


class RevokeToken(Command, frozen=True):
    """An API token is good for nothing any more."""

    name: str


class RotateToken(Command, frozen=True):
    """Another secret for an API token. grace: for how many microseconds the old one stays good."""

    name: str
    hash: str
    grace: int = 0
    expires_at: int | Keep | None = KEEP
