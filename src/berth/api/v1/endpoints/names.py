"""Resource classes, traits, aggregates."""

from __future__ import annotations

from berth.api.v1.route import Call, PendingResult
from berth.model.change import CatalogueEntry, NameKind
from berth.model.edits import NameAggregate
from berth.model.pages import NameItem, Page, Result


def classes(call: Call) -> Page[NameItem]:
    """Return every resource class, with the number of providers that have an inventory of it."""
    return Page(call.ledger.names(NameKind.CLASS, name=call.query.name))


def resource_class(call: Call) -> NameItem:
    """Return one resource class."""
    return _one(call, call.ledger.resource_class(call.items["name"]))


def traits(call: Call) -> Page[NameItem]:
    """Return every trait, with the number of providers that have it."""
    return Page(call.ledger.names(NameKind.TRAIT, name=call.query.name))


def trait(call: Call) -> NameItem:
    """Return one trait."""
    return _one(call, call.ledger.trait(call.items["name"]))


def aggregates(call: Call) -> Page[NameItem]:
    """Return every aggregate, with the number of its providers."""
    return Page(call.ledger.names(NameKind.AGGREGATE, name=call.query.name))


def name_aggregate(call: Call) -> PendingResult:
    """Give an aggregate a name, or remove it. Return its uuid."""
    command = NameAggregate(uuid=call.items["uuid"], name=call.body.name, kind=call.body.kind)
    return PendingResult(command, Result)


def _one(call: Call, named: CatalogueEntry) -> NameItem:
    return next(item for item in call.ledger.names(named.kind) if item.id == named.id)
