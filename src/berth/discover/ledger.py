"""What discovery asks of a ledger: a part of what berth.ledger.Ledger can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from berth.model.commands import KEEP, UNCHECKED, Generation, Keep
from berth.model.consumer import ProviderAllocations
from berth.model.inventory import Inventory
from berth.model.provider import Provider, ProviderInventories, ProviderTraits
from berth.model.request import ProviderQuery


class LedgerAccess(Protocol):
    """The reads and writes of providers, inventories and traits. Refusals are those of berth.model.errors."""

    def provider(self, uuid: str) -> Provider:
        """One provider, or ProviderNotFound."""

    def providers(self, query: ProviderQuery) -> list[Provider]:
        """Those that the query fits."""

    def create_provider(self, name: str, *, uuid: str | None = None, parent: str | None = None) -> Provider:
        """Add one, as a root or below a parent."""

    def update_provider(self, uuid: str, *, name: str | Keep = KEEP, parent: str | Keep | None = KEEP) -> Provider:
        """Rename or move one."""

    def delete_provider(self, uuid: str) -> None:
        """Remove one that nobody holds anything of."""

    def inventories(self, uuid: str) -> ProviderInventories:
        """What one has and how much of it is held."""

    def set_inventories(
        self, uuid: str, inventories: Mapping[str, Inventory], *, generation: Generation = UNCHECKED
    ) -> ProviderInventories:
        """Replace what one has."""

    def traits(self, uuid: str) -> ProviderTraits:
        """The traits of one."""

    def set_traits(self, uuid: str, names: Iterable[str], *, generation: Generation = UNCHECKED) -> ProviderTraits:
        """Replace the traits of one."""

    def create_trait(self, name: str) -> object:
        """Make a custom trait; it may exist."""

    def create_class(self, name: str, *, exist_ok: bool = False) -> object:
        """Make a custom resource class."""

    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Who holds what of one."""
