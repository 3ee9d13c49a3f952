"""A provider and all below it, as the fleet has them. A draft that is alone in its batch has the same."""

from __future__ import annotations

from berth.fleet.state.fleet import Fleet


def subtree_of(fleet: Fleet, uuid: str) -> list[str]:
    """Return the uuids of a provider and of all below it, parents first. Raises ProviderNotFound."""
    found: list[str] = []
    pending = [fleet.slot(uuid)]
    while pending:
        slot = pending.pop()
        found.append(fleet.uuids[slot])
        pending += fleet.children.get(slot, ())
    return found
