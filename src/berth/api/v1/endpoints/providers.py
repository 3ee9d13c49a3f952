"""Providers, their inventories, traits, aggregates and allocations."""

from __future__ import annotations

from typing import cast

from berth.api.http.limits import check_filter
from berth.api.v1.route import Call
from berth.model.message import value
from berth.model.pages import HolderPage, Page
from berth.model.provider import Provider, ProviderAggregates, ProviderInventories, ProviderTraits, ProviderUsages
from berth.model.record import ProviderRecord
from berth.model.request import ProviderQuery


def query(call: Call) -> Page[Provider]:
    """Return the providers that match the query."""
    query: ProviderQuery = value(call.body)
    check_filter(call.limits, query)
    return Page(call.ledger.providers(query))


def names(call: Call) -> dict[str, str]:
    """Return the names of these providers; deleted ones are left out."""
    return call.ledger.provider_names(call.query.uuids)


def inventories(call: Call) -> ProviderInventories:
    """Return a provider's inventories."""
    return call.ledger.inventories(call.items["uuid"])


def usages(call: Call) -> ProviderUsages:
    """Return a provider's usage."""
    return call.ledger.usages(call.items["uuid"])


def traits(call: Call) -> ProviderTraits:
    """Return a provider's traits."""
    return call.ledger.traits(call.items["uuid"])


def aggregates(call: Call) -> ProviderAggregates:
    """Return a provider's aggregates."""
    return call.ledger.aggregates(call.items["uuid"])


def holders(call: Call) -> HolderPage:
    """Return the consumers with allocations of a provider."""
    return call.ledger.holders(call.items["uuid"], limit=call.query.limit, after=call.query.after or None)


def records(call: Call) -> Page[ProviderRecord]:
    """Return every provider as a record, parents before their children."""
    # Made one by one while they are encoded: all records of a large fleet would take much memory.
    return Page(cast("list[ProviderRecord]", call.ledger.records()))
