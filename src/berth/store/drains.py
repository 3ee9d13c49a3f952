"""Drained providers."""

from __future__ import annotations

from sqlalchemy import Connection, select

from berth.model.drain_state import DrainFact
from berth.store.tables import drains, providers

_ALL = select(drains.c.provider_id, drains.c.since, drains.c.actor, drains.c.why).order_by(drains.c.provider_id)
_BY_UUID = select(providers.c.uuid, drains.c.since, drains.c.actor, drains.c.why).join_from(drains, providers)


def all_drains(connection: Connection) -> dict[int, DrainFact]:
    """Return every drain, by the id of its provider."""
    return {number: DrainFact(since, by, why) for number, since, by, why in connection.execute(_ALL)}


def drains_by_uuid(connection: Connection) -> dict[str, DrainFact]:
    """Return every drain, by the uuid of its provider."""
    return {uuid: DrainFact(since, by, why) for uuid, since, by, why in connection.execute(_BY_UUID)}
