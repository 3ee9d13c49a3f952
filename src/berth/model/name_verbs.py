"""The verbs that create and delete names: a part of the interface of a ledger (berth.model.interface)."""

from __future__ import annotations

from typing import Protocol

from berth.model.commands import CreateClass, CreateTrait, DeleteClass, DeleteTrait
from berth.model.namespace import CommandLedger


class NameVerbs(CommandLedger, Protocol):
    """Custom resource classes and traits."""

    def create_class(self, name: str, *, exist_ok: bool = True, key: str | None = None) -> bool:
        """Create a custom resource class. Return whether it is new. Raises InvalidName, ClassExists."""
        new: bool = self.do(CreateClass(name=name, exist_ok=exist_ok), key=key)
        return new

    def delete_class(self, name: str, *, key: str | None = None) -> None:
        """Delete a custom resource class. Raises ClassNotFound, StandardName, ClassInUse."""
        return self._done(self.do(DeleteClass(name=name), key=key))

    def create_trait(self, name: str, *, key: str | None = None) -> bool:
        """Create a custom trait. Return whether it is new. Raises InvalidName."""
        new: bool = self.do(CreateTrait(name=name), key=key)
        return new

    def delete_trait(self, name: str, *, key: str | None = None) -> None:
        """Delete a custom trait. Raises TraitsNotFound, StandardName, TraitInUse."""
        return self._done(self.do(DeleteTrait(name=name), key=key))
