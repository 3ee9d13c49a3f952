"""The route table of /v1: everything that can be asked for, each in one row."""

from __future__ import annotations

from typing import Any, Final

from berth.api.v1 import parameters
from berth.api.v1.bodies import ConsumerEdit, Revoke, Rotate
from berth.api.v1.candidate_routes import CANDIDATES, UNKNOWN_NAMES
from berth.api.v1.command_routes import COMMANDS, of_command
from berth.api.v1.endpoints import changes, consumers, document, fleet, providers, root, tokens
from berth.api.v1.lease_routes import LEASES
from berth.api.v1.log_routes import HISTORY
from berth.api.v1.name_routes import NAMES
from berth.api.v1.reconcile_routes import RECONCILIATION
from berth.api.v1.report_routes import REPORTS
from berth.api.v1.route import Route
from berth.api.v1.summary_routes import SUMMARIES
from berth.model import errors, pages
from berth.model.agenda import Agenda
from berth.model.audit import AuditRecord
from berth.model.consumer import ConsumerDetails, ConsumerPage, ProjectPage, TypeUsage
from berth.model.message import message_of
from berth.model.overview import FleetMap, Overview, ProviderDetails, ProviderPage
from berth.model.pages import Page
from berth.model.provider import Provider, ProviderAggregates, ProviderInventories, ProviderTraits, ProviderUsages
from berth.model.record import ProviderRecord
from berth.model.request import ProviderQuery
from berth.model.token import IssuedToken, TokenInfo, TokenSpec

_PROVIDER: Final = "/v1/providers/{uuid}"
_CONSUMER: Final = "/v1/consumers/{uuid}"
_NO_PROVIDER: Final = (errors.ProviderNotFound, errors.Invalid)
_NO_CONSUMER: Final = (errors.AllocationsNotFound, errors.ConsumerNotFound, errors.ConsumerAmbiguous, errors.Invalid)

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "root.about",
        "GET",
        "/v1",
        root.about,
        "The server's name, version and head",
        "root.about",
        reply=pages.ServerInfo,
        public=True,
        dated=False,
    ),
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
    Route("me.show", "GET", "/v1/me", root.me, "The caller", "me.show", reply=pages.CallerInfo, dated=False),
    Route(
        "policy.show",
        "GET",
        "/v1/policy",
        root.policy,
        "The policy: operations and the roles that may do them",
        "policy.show",
        reply=pages.PolicyTable,
        dated=False,
    ),
    *CANDIDATES,
    # --- The fleet ---
    Route(
        "fleet.show",
        "GET",
        "/v1/fleet",
        fleet.overview,
        "The fleet as totals, class by class",
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
        query=parameters.Map,
        reply=FleetMap,
        refusals=UNKNOWN_NAMES,
    ),
    *SUMMARIES,
    # --- Providers ---
    Route(
        "providers.list",
        "GET",
        "/v1/providers",
        fleet.search,
        "Search for providers, by part of their name and other criteria",
        "providers.list",
        query=parameters.Providers,
        reply=ProviderPage,
        refusals=UNKNOWN_NAMES,
    ),
    Route(
        "providers.show",
        "GET",
        _PROVIDER,
        fleet.details,
        "One provider with its inventories and its tree",
        "providers.show",
        reply=ProviderDetails,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.names",
        "GET",
        "/v1/providers/names",
        providers.names,
        "The names of providers, by uuid",
        "providers.list",
        query=parameters.Uuids,
        reply=dict[str, str],
        refusals=(errors.Invalid,),
    ),
    Route(
        "providers.query",
        "POST",
        "/v1/providers/query",
        providers.query,
        "Providers that match a filter",
        "providers.list",
        body=message_of(ProviderQuery),
        reply=Page[Provider],
        refusals=UNKNOWN_NAMES,
    ),
    Route(
        "providers.inventories",
        "GET",
        f"{_PROVIDER}/inventories",
        providers.inventories,
        "The inventories of a provider",
        "inventories.list",
        reply=ProviderInventories,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.usages",
        "GET",
        f"{_PROVIDER}/usages",
        providers.usages,
        "The usage of a provider",
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
        "The consumers with allocations on a provider",
        "provider_allocations.show",
        query=parameters.Paging,
        reply=pages.HolderPage,
        timed=True,
        refusals=_NO_PROVIDER,
    ),
    Route(
        "providers.history",
        "GET",
        f"{_PROVIDER}/history",
        changes.history,
        "The audit records of a provider, newest first",
        "audit.history",
        query=parameters.History,
        reply=Page[AuditRecord],
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "records.list",
        "GET",
        "/v1/records",
        providers.records,
        "Every provider as a record",
        "providers.export",
        reply=Page[ProviderRecord],
    ),
    # --- Consumers ---
    Route(
        "consumers.list",
        "GET",
        "/v1/consumers",
        consumers.list_,
        "Consumers with allocations",
        "consumers.list",
        query=parameters.Consumers,
        reply=ConsumerPage,
        timed=True,
        project=consumers.asked_project,
        refusals=(errors.ProviderNotFound, errors.ClassNotFound, errors.Invalid),
    ),
    Route(
        "consumers.show",
        "GET",
        _CONSUMER,
        consumers.show,
        "The allocations of a consumer",
        "consumers.show",
        reply=ConsumerDetails,
        timed=True,
        project=consumers.its_project,
        refusals=_NO_CONSUMER,
    ),
    Route(
        "consumers.release",
        "DELETE",
        _CONSUMER,
        consumers.release,
        "Release the allocations of a consumer",
        "allocations.delete",
        status=204,
        keyed=True,
        refusals=(*_NO_CONSUMER, errors.KeyReused, errors.Forbidden),
    ),
    Route(
        "consumers.edit",
        "PATCH",
        _CONSUMER,
        consumers.edit,
        "Give a consumer a name and a note, or remove them",
        "consumers.edit",
        body=ConsumerEdit,
        status=204,
        keyed=True,
        refusals=(*_NO_CONSUMER, errors.KeyReused, errors.Forbidden),
    ),
    Route(
        "consumers.history",
        "GET",
        f"{_CONSUMER}/history",
        consumers.history,
        "The audit records of a consumer, newest first",
        "audit.history",
        query=parameters.History,
        reply=Page[AuditRecord],
        dated=False,
        refusals=(errors.ConsumerNotFound, errors.ConsumerAmbiguous, errors.Invalid),
    ),
    *RECONCILIATION,
    *LEASES,
    Route(
        "agenda.list",
        "GET",
        "/v1/agenda",
        consumers.agenda,
        "Claims that end and holds that lapse next",
        "consumers.list",
        query=parameters.AgendaQuery,
        reply=Agenda,
        project=consumers.asked_project,
        dated=False,
        refusals=(errors.Invalid,),
    ),
    Route(
        "projects.list",
        "GET",
        "/v1/projects",
        consumers.projects,
        "Projects and their usage",
        "projects.list",
        query=parameters.Projects,
        reply=ProjectPage,
    ),
    Route(
        "projects.usages",
        "GET",
        "/v1/usages",
        consumers.usages,
        "The usage of a project, by type of consumer",
        "project_usages.show",
        query=parameters.Usages,
        reply=Page[TypeUsage],
        project=consumers.asked_project,
    ),
    *NAMES,
    # --- History ---
    *HISTORY,
    *REPORTS,
    # --- API tokens ---
    Route(
        "tokens.list",
        "GET",
        "/v1/tokens",
        tokens.list_,
        "All API tokens, including revoked ones, without their secrets",
        "tokens.list",
        reply=Page[TokenInfo],
        dated=False,
    ),
    Route(
        "tokens.create",
        "POST",
        "/v1/tokens",
        tokens.create,
        "Create an API token; its secret is returned only once",
        "tokens.create",
        body=message_of(TokenSpec),
        reply=IssuedToken,
        status=201,
        refusals=(errors.TokenExists, errors.TokensUnused, errors.Invalid),
    ),
    Route(
        "tokens.rotate",
        "POST",
        "/v1/tokens/rotate",
        tokens.rotate,
        "Issue a new secret for an API token, returned only once",
        "tokens.rotate",
        body=Rotate,
        reply=IssuedToken,
        refusals=(errors.TokenNotFound, errors.TokensUnused, errors.Invalid),
    ),
    Route(
        "tokens.revoke",
        "POST",
        "/v1/tokens/revoke",
        tokens.revoke,
        "Revoke an API token, effective immediately",
        "tokens.revoke",
        body=Revoke,
        status=204,
        refusals=(errors.TokenNotFound, errors.Invalid),
    ),
    # --- Commands ---
    *map(of_command, COMMANDS),
)
