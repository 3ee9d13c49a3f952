"""Views of the fleet: overview, map, lists and details."""

from __future__ import annotations

from berth.api.v1.request_values import amounts
from berth.api.v1.route import Call
from berth.model.overview import FleetMap, MapQuery, Overview, ProviderDetails, ProviderFilter, ProviderPage


def overview(call: Call) -> Overview:
    """Return the overview of the fleet."""
    return call.ledger.overview()


def map_(call: Call) -> FleetMap:
    """Return the map of the fleet, or of a part of it."""
    parameters = call.query
    query = MapQuery(
        classes=parameters.classes,
        by=parameters.by,
        within=parameters.within,
        name=parameters.name,
        trait=parameters.trait,
        aggregate=parameters.aggregate,
        room=amounts(parameters.room),
        mark=parameters.mark,
        limit=parameters.limit,
    )
    return call.ledger.map(query)


def search(call: Call) -> ProviderPage:
    """Return the providers that match the query."""
    parameters = call.query
    wanted = ProviderFilter(
        name=parameters.name,
        uuid=parameters.uuid,
        trait=parameters.trait,
        aggregate=parameters.aggregate,
        resource_class=parameters.resource_class,
        room=amounts(parameters.room),
        root=parameters.root,
        drained=parameters.drained,
    )
    return call.ledger.search(
        wanted,
        order=parameters.order,
        reverse=parameters.reverse,
        limit=parameters.limit,
        after=parameters.after or None,
    )


def details(call: Call) -> ProviderDetails:
    """Return a provider with its inventories and its tree."""
    return call.ledger.details(call.items["uuid"])
