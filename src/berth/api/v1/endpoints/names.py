"""Resource classes, traits, aggregates."""

from __future__ import annotations

from berth.api.v1.route import Call
from berth.model.change import CatalogueEntry, NameKind
from berth.model.pages import NameItem, Page


def classes(call: Call) -> Page[NameItem]:
    """Every resource class, with how many providers have an inventory of it."""
    return Page(call.ledger.names(NameKind.CLASS))


def resource_class(call: Call) -> NameItem:
    """One resource class."""
    return _one(call, call.ledger.resource_class(call.items["name"]))


def traits(call: Call) -> Page[NameItem]:
    """Every trait, with how many providers have it."""
    return Page(call.ledger.names(NameKind.TRAIT))


def trait(call: Call) -> NameItem:
    """One trait."""
    return _one(call, call.ledger.trait(call.items["name"]))


def aggregates(call: Call) -> Page[NameItem]:
    """Every aggregate, with how many providers are in it."""
    return Page(call.ledger.names(NameKind.AGGREGATE))


def _one(call: Call, named: CatalogueEntry) -> NameItem:
    return next(item for item in call.ledger.names(named.kind) if item.id == named.id)
