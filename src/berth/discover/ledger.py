"""The part of a ledger's interface that discovery uses."""

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
        """Return one provider. Raises ProviderNotFound."""

    def providers(self, query: ProviderQuery) -> list[Provider]:
        """Return the providers that match."""

    def create_provider(self, name: str, *, uuid: str | None = None, parent: str | None = None) -> Provider:
        """Create a provider, as a root or below a parent."""

    def update_provider(self, uuid: str, *, name: str | Keep = KEEP, parent: str | Keep | None = KEEP) -> Provider:
        """Rename or move a provider."""

    def delete_provider(self, uuid: str) -> None:
        """Delete a provider without allocations."""

    def inventories(self, uuid: str) -> ProviderInventories:
        """Return a provider's inventories with their use."""

    def set_inventories(
        self, uuid: str, inventories: Mapping[str, Inventory], *, generation: Generation = UNCHECKED
    ) -> ProviderInventories:
        """Replace a provider's inventories."""

    def traits(self, uuid: str) -> ProviderTraits:
        """Return a provider's traits."""

    def set_traits(self, uuid: str, names: Iterable[str], *, generation: Generation = UNCHECKED) -> ProviderTraits:
        """Replace a provider's traits."""

    def create_trait(self, name: str) -> object:
        """Create a custom trait, which may exist."""

    def create_class(self, name: str, *, exist_ok: bool = False) -> object:
        """Create a custom resource class."""

    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Return the holders of a provider."""
