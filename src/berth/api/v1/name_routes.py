"""The routes of names: resource classes, traits, aggregates."""

from __future__ import annotations

from typing import Final

from berth.api.v1 import parameters
from berth.api.v1.bodies import AggregateLabel
from berth.api.v1.endpoints import names
from berth.api.v1.route import Route
from berth.model import errors, pages
from berth.model.pages import Page

NAMES: Final[tuple[Route, ...]] = (
    Route(
        "classes.list",
        "GET",
        "/v1/classes",
        names.classes,
        "Every resource class",
        "classes.list",
        query=parameters.Names,
        reply=Page[pages.NameItem],
    ),
    Route(
        "classes.show",
        "GET",
        "/v1/classes/{name}",
        names.resource_class,
        "One resource class",
        "classes.show",
        reply=pages.NameItem,
        refusals=(errors.ClassNotFound,),
    ),
    Route(
        "traits.list",
        "GET",
        "/v1/traits",
        names.traits,
        "Every trait",
        "traits.list",
        query=parameters.Names,
        reply=Page[pages.NameItem],
    ),
    Route(
        "traits.show",
        "GET",
        "/v1/traits/{name}",
        names.trait,
        "One trait",
        "traits.show",
        reply=pages.NameItem,
        refusals=(errors.TraitsNotFound,),
    ),
    Route(
        "aggregates.list",
        "GET",
        "/v1/aggregates",
        names.aggregates,
        "Every aggregate",
        "aggregates.list",
        query=parameters.Names,
        reply=Page[pages.NameItem],
    ),
    Route(
        "aggregates.name",
        "PUT",
        "/v1/aggregates/{uuid}",
        names.name_aggregate,
        "Give an aggregate a name and a kind, or remove them; it is created if it is new",
        "aggregates.name",
        body=AggregateLabel,
        reply=pages.Result[str],
        keyed=True,
        refusals=(
            errors.AggregateNotFound,
            errors.AggregateNameTaken,
            errors.KeyReused,
            errors.Invalid,
            errors.Forbidden,
        ),
    ),
)
