"""The route table of /v1: everything that can be asked for, each in one row."""

from __future__ import annotations

from typing import Any, Final

from berth.api.v1 import asking
from berth.api.v1.bodies import CLAIM, FIND
from berth.api.v1.commanding import COMMANDS, of_command
from berth.api.v1.endpoints import changes, consumers, document, finding, fleet, names, providers, root
from berth.api.v1.route import Route
from berth.model import errors, pages
from berth.model.audit import AuditRecord
from berth.model.candidate import Granted
from berth.model.change import Change
from berth.model.consumer import TypeUsage
from berth.model.holdings import ConsumerDetails, ConsumerPage, ProjectPage
from berth.model.message import message_of
from berth.model.overview import FleetMap, Overview, ProviderDetails, ProviderPage
from berth.model.pages import Page
from berth.model.provider import Provider, ProviderAggregates, ProviderInventories, ProviderTraits, ProviderUsages
from berth.model.record import ProviderRecord
from berth.model.request import ProviderQuery

_PROVIDER: Final = "/v1/providers/{uuid}"
_CONSUMER: Final = "/v1/consumers/{uuid}"
_NO_PROVIDER: Final = (errors.ProviderNotFound, errors.Invalid)
_NO_CONSUMER: Final = (errors.AllocationsNotFound, errors.Invalid)
_UNKNOWN_NAMES: Final = (errors.ClassNotFound, errors.TraitsNotFound, errors.Invalid)

ROUTES: Final[tuple[Route, ...]] = (
    Route("root.about", "GET", "/v1", root.about, "What answers here", "root.about", reply=pages.About, public=True),
    Route(
        "document.show",
        "GET",
        "/v1/openapi.json",
        lambda call: document.show(call, ROUTES),
        "Describe this API",
        "document.show",
        reply=dict[str, Any],
        public=True,
        dated=False,
    ),
    Route("me.show", "GET", "/v1/me", root.me, "Who the caller is", "me.show", reply=pages.Me, dated=False),
    # --- Finding ---
    Route(
        "find",
        "POST",
        "/v1/find",
        finding.find,
        "Find where a request fits",
        "candidates.list",
        body=FIND,
        reply=pages.Found,
        refusals=_UNKNOWN_NAMES,
    ),
    Route(
        "claims.create",
        "POST",
        "/v1/claims",
        finding.claim,
        "Find where a request fits and claim it, in one step",
        "allocations.post",
        body=CLAIM,
        reply=Granted,
        status=201,
        refusals=(*_UNKNOWN_NAMES, errors.ConsumerGenerationConflict, errors.NothingFits, errors.Forbidden),
    ),
    # --- The fleet ---
    Route(
        "fleet.show",
        "GET",
        "/v1/fleet",
        fleet.overview,
        "The whole fleet in a few numbers",
        "fleet.show",
        reply=Overview,
    ),
    Route(
        "fleet.map",
        "GET",
        "/v1/fleet/map",
        fleet.map_,
        "The fleet as cells: hosts, or groups of them",
        "fleet.show",
        query=asking.Map,
        reply=FleetMap,
        refusals=_UNKNOWN_NAMES,
    ),
    # --- Providers ---
    Route(
        "providers.list",
        "GET",
        "/v1/providers",
        fleet.search,
        "Providers, by a part of the name and so on",
        "providers.list",
        query=asking.Providers,
        reply=ProviderPage,
        refusals=_UNKNOWN_NAMES,
    ),
    Route(
        "providers.show",
        "GET",
        _PROVIDER,
        fleet.details,
        "One provider with all that it has, and its tree",
        "providers.show",
        reply=ProviderDetails,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.query",
        "POST",
        "/v1/providers/query",
        providers.query,
        "Every provider that is like that",
        "providers.list",
        body=message_of(ProviderQuery),
        reply=Page[Provider],
        refusals=_UNKNOWN_NAMES,
    ),
    Route(
        "providers.inventories",
        "GET",
        f"{_PROVIDER}/inventories",
        providers.inventories,
        "What a provider has",
        "inventories.list",
        reply=ProviderInventories,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.usages",
        "GET",
        f"{_PROVIDER}/usages",
        providers.usages,
        "How much of a provider is held",
        "provider_usages.show",
        reply=ProviderUsages,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.traits",
        "GET",
        f"{_PROVIDER}/traits",
        providers.traits,
        "A provider's traits",
        "provider_traits.show",
        reply=ProviderTraits,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.aggregates",
        "GET",
        f"{_PROVIDER}/aggregates",
        providers.aggregates,
        "A provider's aggregates",
        "aggregates.show",
        reply=ProviderAggregates,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.holders",
        "GET",
        f"{_PROVIDER}/holders",
        providers.holders,
        "Who holds what of a provider",
        "provider_allocations.show",
        query=asking.Paging,
        reply=pages.HolderPage,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.history",
        "GET",
        f"{_PROVIDER}/history",
        changes.history,
        "What was done to a provider, newest first",
        "audit.history",
        query=asking.History,
        reply=Page[AuditRecord],
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "records.list",
        "GET",
        "/v1/records",
        providers.records,
        "Every provider with all that it has",
        "providers.export",
        reply=Page[ProviderRecord],
    ),
    # --- Consumers ---
    Route(
        "consumers.list",
        "GET",
        "/v1/consumers",
        consumers.list_,
        "Who holds something",
        "consumers.list",
        query=asking.Consumers,
        reply=ConsumerPage,
        project=consumers.asked_project,
        refusals=(errors.ProviderNotFound, errors.ClassNotFound, errors.Invalid),
    ),
    Route(
        "consumers.show",
        "GET",
        _CONSUMER,
        consumers.show,
        "What a consumer holds",
        "allocations.show",
        reply=ConsumerDetails,
        refusals=_NO_CONSUMER,
    ),
    Route(
        "consumers.release",
        "DELETE",
        _CONSUMER,
        consumers.release,
        "End what a consumer holds",
        "allocations.delete",
        status=204,
        refusals=(*_NO_CONSUMER, errors.Forbidden),
    ),
    Route(
        "consumers.history",
        "GET",
        f"{_CONSUMER}/history",
        changes.history,
        "What was done to a consumer, newest first",
        "audit.history",
        query=asking.History,
        reply=Page[AuditRecord],
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "projects.list",
        "GET",
        "/v1/projects",
        consumers.projects,
        "What projects hold",
        "projects.list",
        query=asking.Paging,
        reply=ProjectPage,
    ),
    Route(
        "projects.usages",
        "GET",
        "/v1/usages",
        consumers.usages,
        "What a project holds, by type of consumer",
        "project_usages.show",
        query=asking.Usages,
        reply=Page[TypeUsage],
        project=consumers.asked_project,
    ),
    # --- Names ---
    Route(
        "classes.list",
        "GET",
        "/v1/classes",
        names.classes,
        "Every resource class",
        "classes.list",
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
    Route("traits.list", "GET", "/v1/traits", names.traits, "Every trait", "traits.list", reply=Page[pages.NameItem]),
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
        reply=Page[pages.NameItem],
    ),
    # --- History ---
    Route(
        "changes.list",
        "GET",
        "/v1/changes",
        changes.changes,
        "The change log, or all that comes of it, live",
        "changes.list",
        query=asking.Changes,
        reply=Page[Change],
        streams=True,
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "audit.list",
        "GET",
        "/v1/audit",
        changes.audit,
        "Who did what, and who tried to",
        "audit.list",
        query=asking.Audit,
        reply=Page[AuditRecord],
        dated=False,
        refusals=(errors.Invalid,),
    ),
    # --- Commands ---
    *map(of_command, COMMANDS),
)
