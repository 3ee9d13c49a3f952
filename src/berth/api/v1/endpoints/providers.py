"""Providers and what they have."""

from __future__ import annotations

from berth.api.http.limits import check_filter
from berth.api.v1.route import Call
from berth.model.message import value
from berth.model.pages import HolderPage, Page
from berth.model.provider import Provider, ProviderAggregates, ProviderInventories, ProviderTraits, ProviderUsages
from berth.model.record import ProviderRecord
from berth.model.request import ProviderQuery


def query(call: Call) -> Page[Provider]:
    """Every provider that is like that."""
    query: ProviderQuery = value(call.body)
    check_filter(call.limits, query)
    return Page(call.ledger.providers(query))


def names(call: Call) -> dict[str, str]:
    """What these providers are called; those that are gone are left out."""
    return call.ledger.provider_names(call.query.uuids)


def inventories(call: Call) -> ProviderInventories:
    """All that a provider has."""
    return call.ledger.inventories(call.items["uuid"])


def usages(call: Call) -> ProviderUsages:
    """How much of a provider is held."""
    return call.ledger.usages(call.items["uuid"])


def traits(call: Call) -> ProviderTraits:
    """A provider's traits."""
    return call.ledger.traits(call.items["uuid"])


def aggregates(call: Call) -> ProviderAggregates:
    """A provider's aggregates."""
    return call.ledger.aggregates(call.items["uuid"])


def holders(call: Call) -> HolderPage:
    """Who holds what of a provider."""
    return call.ledger.holders(call.items["uuid"], limit=call.query.limit, after=call.query.after or None)


def records(call: Call) -> Page[ProviderRecord]:
    """Every provider with all that it has, parents before their children."""
    return Page(list(call.ledger.records()))
