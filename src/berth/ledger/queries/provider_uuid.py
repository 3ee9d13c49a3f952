"""Providers by uuid or by name."""

from __future__ import annotations

from berth.fleet.state.fleet import Fleet
from berth.model.errors import ProviderNotFound
from berth.model.names import parse_uuid


def provider_uuid(fleet: Fleet, given: str) -> str:
    """Return the uuid of the provider with this uuid, else of the one with this name. Raises ProviderNotFound.

    In this order, since a machine's serial number may look like a uuid.
    """
    uuid = parse_uuid(given)
    if uuid is not None and uuid in fleet.slot_of:
        return uuid
    slot = fleet.slot_of_name.get(given)
    if slot is None:
        raise ProviderNotFound(uuid or given)
    return fleet.uuids[slot]
