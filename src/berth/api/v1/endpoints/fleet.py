"""The fleet as people look at it."""

from __future__ import annotations

from berth.api.v1.decoding import amounts
from berth.api.v1.route import Call
from berth.model.overview import FleetMap, MapQuery, Overview, ProviderDetails, ProviderFilter, ProviderPage


def overview(call: Call) -> Overview:
    """The whole fleet in a few numbers."""
    return call.ledger.overview()


def map_(call: Call) -> FleetMap:
    """The fleet, or a part of it, as cells."""
    asked = call.query
    query = MapQuery(
        classes=asked.classes,
        by=asked.by,
        within=asked.within,
        name=asked.name,
        trait=asked.trait,
        aggregate=asked.aggregate,
        room=amounts(asked.room),
        mark=asked.mark,
        limit=asked.limit,
    )
    return call.ledger.map(query)


def search(call: Call) -> ProviderPage:
    """Providers that are like that."""
    asked = call.query
    wanted = ProviderFilter(
        name=asked.name,
        uuid=asked.uuid,
        trait=asked.trait,
        aggregate=asked.aggregate,
        resource_class=asked.resource_class,
        room=amounts(asked.room),
        root=asked.root,
    )
    return call.ledger.search(wanted, limit=asked.limit, after=asked.after or None)


def details(call: Call) -> ProviderDetails:
    """One provider with all that it has, and its tree."""
    return call.ledger.details(call.items["uuid"])
