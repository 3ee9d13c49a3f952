"""The errors of drains: what a drained provider refuses."""

from __future__ import annotations

from berth.model.claim_errors import CannotAllocate
from berth.model.error_kinds import Conflict


class ProviderDrained(CannotAllocate):
    """The provider, or one above it, is drained: it takes no new claims.

    held: how much of the class is held now; by: who drained it; reason: why, "" if none was given.
    """

    def __init__(self, provider: str, resource_class: str, held: int = 0, by: str = "", reason: str = "") -> None:
        self.held, self.by, self.reason = held, by, reason
        drained = f"It was drained by {by or 'an unknown caller'}{reason and f' ({reason})'}"
        super().__init__(
            provider,
            (resource_class,),
            f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            f"{drained} and takes no new claims beyond the {held} that are held now.",
        )


class DrainedAbove(Conflict):
    """The provider is drained because one above it is. above, name: which one."""

    def __init__(self, provider: str, above: str, name: str = "") -> None:
        super().__init__(
            f"{provider} is drained because {name or above}, above it, is drained: undrain {name or above}"
        )
        self.provider, self.above, self.name = provider, above, name
