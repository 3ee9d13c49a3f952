"""The client: a ledger behind a server, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from berth.client.consumer_path import consumer_path
from berth.client.logs import MOST_ITEMS, LogRequests
from berth.client.reconciliation import ReconcileRequests
from berth.client.report import ReportRequests
from berth.client.terms import TermRequests
from berth.client.tokens import TokenRequests
from berth.client.transport import Transport
from berth.model.candidate import Candidates
from berth.model.change import CatalogueEntry, NameKind
from berth.model.commands import Command
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    ConsumerDetails,
    ConsumerPage,
    ConsumerQuery,
    Holder,
    ProjectPage,
    ProviderAllocations,
    ProviderHolding,
    Resources,
    TypeUsage,
)
from berth.model.errors import (
    AllocationsNotFound,
    ClassNotFound,
    InventoryNotFound,
    NotBerth,
    ProviderNotFound,
    TraitsNotFound,
)
from berth.model.funnel import Funnel
from berth.model.interface import LedgerInterface
from berth.model.message import RESULTS, UNKEYED, message
from berth.model.names import parse_uuid
from berth.model.overview import (
    FleetMap,
    MapQuery,
    Overview,
    ProviderDetails,
    ProviderFilter,
    ProviderOrder,
    ProviderPage,
)
from berth.model.pages import CallerInfo, Found, HolderPage, NameItem, Page, Result, ServerInfo
from berth.model.plain_values import as_request
from berth.model.provider import (
    InventoryUsage,
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
)
from berth.model.provider_names import names_in, with_uuids
from berth.model.record import ProviderRecord
from berth.model.request import CandidateRequest, ProviderQuery
from berth.model.steps import Steps, in_steps

T = TypeVar("T")

_NAME: Final = re.compile(r"[A-Z0-9_]{1,255}")
_PATHS: Final = {NameKind.CLASS: "classes", NameKind.TRAIT: "traits", NameKind.AGGREGATE: "aggregates"}


def connect(
    url: str,
    token: str | None = None,
    *,
    timeout: float = 30.0,
    ca: str | None = None,
    cert: tuple[str, str] | None = None,
) -> Client:
    """Return a client of a server, for example http://127.0.0.1:8778.

    timeout: the limit for one response, in seconds; ca: a file with the certificates to trust, instead of
    the system's; cert: files with a client certificate and its key. No request is sent yet: the first verb
    shows whether the server exists and accepts the token.
    """
    return Client(Transport(url, token, timeout_s=timeout, ca=ca, cert=cert))


class Client(TokenRequests, ReconcileRequests, ReportRequests, TermRequests, LogRequests, LedgerInterface):
    """A ledger behind a server. Safe to share between threads.

    Its verbs and their refusals are those of an open ledger. In addition, any may raise Unauthenticated, Forbidden,
    TooManyRequests, NotBerth and Failed. Requests are retried while the server is unreachable. Every command has an
    idempotency key, the caller's or a new one, and is carried out once; if that does not help, Unavailable has the key.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<Client of {self._transport.url}>"

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    @in_steps
    def _do(self, command: Command, key: str | None = None) -> Steps[Any]:
        kind = type(command)
        if kind not in RESULTS:
            raise NotBerth(f"{kind.__name__} cannot be sent to a server")
        of: Any = RESULTS[kind]
        path, result = f"/v1/commands/{kind.__name__}", Result[of]
        response: Result[Any]
        if kind in UNKEYED:  # sent again as a query is
            response = yield self._transport.query(path, message(command), result)
        else:
            response = yield self._transport.command(path, message(command), result, key or uuid4().hex)
        return response.result

    # --- The server ---

    def about(self) -> ServerInfo:
        """Return a description of the server."""
        return self._transport.get("/v1", ServerInfo)

    def me(self) -> CallerInfo:
        """Return who the server takes this client for. Raises Unauthenticated."""
        return self._transport.get("/v1/me", CallerInfo)

    @in_steps
    def head(self) -> Steps[int]:
        """Return the number of the last change."""
        about: ServerInfo = yield self.about()
        return about.head

    # --- Finding ---

    @in_steps
    def find(self, request: CandidateRequest | Mapping[str, int]) -> Steps[Candidates]:
        """Return where a request, or amounts by class, fit. Raises ClassNotFound, TraitsNotFound."""
        asked = yield self._request_with_uuids(request)
        found: Candidates = yield self._transport.query("/v1/find", message(asked), Candidates)
        return found

    @in_steps
    def explain(self, request: CandidateRequest | Mapping[str, int]) -> Steps[Funnel]:
        """Return what each constraint of a request removes. Names that do not exist are part of the result."""
        asked = yield self._request_with_uuids(request)
        body = {**msgspec.to_builtins(message(replace(asked, limit=1))), "explain": True}
        found: Found = yield self._transport.query("/v1/find", body, Found)
        assert found.funnel is not None
        return found.funnel

    @in_steps
    def _request_with_uuids(self, given: CandidateRequest | Mapping[str, int]) -> Steps[CandidateRequest]:
        request = as_request(given)
        names = names_in(request)
        return with_uuids(request, (yield self._uuids_of(names))) if names else request

    # --- The fleet ---

    def overview(self) -> Overview:
        """Return the totals of the fleet."""
        return self._transport.get("/v1/fleet", Overview)

    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """Return the fleet, or a part of it, as cells. Raises ClassNotFound, TraitsNotFound, Invalid."""
        params = {
            "class": list(query.classes),
            "by": query.by.value,
            "within": query.within,
            "name": query.name,
            "trait": query.trait,
            "aggregate": query.aggregate,
            "room": _amounts_text(query.room),
            "limit": query.limit,
        }
        return self._transport.get("/v1/fleet/map", FleetMap, **params)

    def search(
        self,
        asked: ProviderFilter = ProviderFilter(),  # noqa: B008 - it is frozen
        *,
        order: ProviderOrder = ProviderOrder.OLDEST,
        reverse: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> ProviderPage:
        """Return a page of the providers that match a filter. Raises ClassNotFound, TraitsNotFound, Invalid."""
        given = {name: getattr(asked, name) for name in ("name", "uuid", "trait", "aggregate", "root")}
        given |= {"class": asked.resource_class, "room": _amounts_text(asked.room), "drained": "true" * asked.drained}
        given |= {"order": order.value, "reverse": "true" * reverse}
        return self._transport.get("/v1/providers", ProviderPage, limit=limit, after=after, **given)

    def details(self, uuid: str) -> ProviderDetails:
        """Return one provider with everything it has, and its tree. Raises ProviderNotFound."""
        return self._get(uuid, "", ProviderDetails)

    @in_steps
    def providers(self, query: ProviderQuery = ProviderQuery()) -> Steps[list[Provider]]:  # noqa: B008 - it is frozen
        """Return every provider that matches a query. Raises ClassNotFound, TraitsNotFound."""
        found: Page[Provider] = yield self._transport.query("/v1/providers/query", message(query), Page[Provider])
        return found.items

    # --- Providers ---

    def provider(self, uuid: str) -> Provider:
        """Return one provider. Raises ProviderNotFound."""
        return self._get(uuid, "", Provider)

    @in_steps
    def records(self) -> Steps[Iterator[ProviderRecord]]:
        """Yield every provider as a record, parents before their children."""
        found: Page[ProviderRecord] = yield self._transport.get("/v1/records", Page[ProviderRecord])
        return iter(found.items)

    def inventories(self, uuid: str) -> ProviderInventories:
        """Return a provider's inventories. Raises ProviderNotFound."""
        return self._get(uuid, "/inventories", ProviderInventories)

    @in_steps
    def inventory(self, uuid: str, resource_class: str) -> Steps[InventoryUsage]:
        """Return a provider's inventory of one class. Raises ProviderNotFound, InventoryNotFound."""
        found: InventoryUsage | None = (yield self.inventories(uuid)).inventories.get(resource_class)
        if found is None:
            raise InventoryNotFound(uuid, resource_class)
        return found

    def usages(self, uuid: str) -> ProviderUsages:
        """Return how much of a provider is held. Raises ProviderNotFound."""
        return self._get(uuid, "/usages", ProviderUsages)

    def traits(self, uuid: str) -> ProviderTraits:
        """Return a provider's traits. Raises ProviderNotFound."""
        return self._get(uuid, "/traits", ProviderTraits)

    def aggregates(self, uuid: str) -> ProviderAggregates:
        """Return a provider's aggregates. Raises ProviderNotFound."""
        return self._get(uuid, "/aggregates", ProviderAggregates)

    @in_steps
    def _get(self, given: str, /, part: str, result_type: type[T], **parameters: Any) -> Steps[T]:
        """Return a part of the provider with this uuid, else of the one with this name."""
        found: T
        uuid = parse_uuid(given)
        if uuid is not None:
            try:
                found = yield self._transport.get(f"/v1/providers/{uuid}{part}", result_type, **parameters)
            except ProviderNotFound:  # a machine's serial number may look like a uuid
                pass
            else:
                return found
        named = yield self._uuid_named(given)
        found = yield self._transport.get(f"/v1/providers/{named}{part}", result_type, **parameters)
        return found

    @in_steps
    def _uuids_of(self, names: Iterable[str]) -> Steps[dict[str, str]]:
        uuids: dict[str, str] = {}
        for name in names:
            found: list[Provider] = yield self.providers(ProviderQuery(name=name))
            uuids.update((each.name, each.uuid) for each in found)
        return uuids

    # --- Names ---

    def names(self, kind: NameKind, *, name: str = "") -> list[NameItem]:
        """Return every name of a kind with the number of its providers; only aggregates that have any or a label.

        name: only those with this in them, ignoring case; of aggregates that have a label, in the label.
        """
        return self._transport.items(f"/v1/{_PATHS[kind]}", NameItem, name=name or None)

    @in_steps
    def classes(self) -> Steps[list[CatalogueEntry]]:
        """Return every resource class."""
        return [_catalogue_entry(NameKind.CLASS, item) for item in (yield self.names(NameKind.CLASS))]

    @in_steps
    def resource_class(self, name: str) -> Steps[CatalogueEntry]:
        """Return one resource class. Raises ClassNotFound."""
        if _NAME.fullmatch(name) is None:
            raise ClassNotFound(name)
        return _catalogue_entry(NameKind.CLASS, (yield self._transport.get(f"/v1/classes/{name}", NameItem)))

    @in_steps
    def trait_names(self, *, associated: bool | None = None) -> Steps[list[CatalogueEntry]]:
        """Return every trait, or only those that some provider has (True) or no provider has (False)."""
        every = yield self.names(NameKind.TRAIT)
        return [_catalogue_entry(NameKind.TRAIT, item) for item in every if associated in (None, item.providers > 0)]

    @in_steps
    def trait(self, name: str) -> Steps[CatalogueEntry]:
        """Return one trait. Raises TraitsNotFound."""
        if _NAME.fullmatch(name) is None:
            raise TraitsNotFound([name])
        return _catalogue_entry(NameKind.TRAIT, (yield self._transport.get(f"/v1/traits/{name}", NameItem)))

    # --- Consumers ---

    @in_steps
    def allocations(self, consumer: str) -> Steps[ConsumerAllocations | None]:
        """Return everything that a consumer holds, None if it holds nothing."""
        try:
            found: ConsumerDetails = yield self.consumer(consumer)
        except AllocationsNotFound:
            return None
        return ConsumerAllocations(
            Consumer(found.uuid, found.generation, found.project, found.user, found.type, found.name),
            [ProviderHolding(uuid, found.provider_generations[uuid], held) for uuid, held in found.allocations.items()],
            found.updated_at,
        )

    @in_steps
    def allocations_of(self, uuid: str) -> Steps[ProviderAllocations]:
        """Return the holders of a provider. Raises ProviderNotFound."""
        page: HolderPage = yield self.holders(uuid, limit=MOST_ITEMS)
        items = list(page.items)
        while page.next is not None:
            page = yield self.holders(uuid, limit=MOST_ITEMS, after=page.next)
            items += page.items
        holders = [
            Holder(
                Consumer(item.consumer, item.generation, item.project, item.user, item.type, item.name), item.resources
            )
            for item in items
        ]
        return ProviderAllocations(page.generation, holders, max((item.updated_at for item in items), default=0))

    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Return a page of the holders of a provider, by consumer. Raises ProviderNotFound."""
        return self._get(uuid, "/holders", HolderPage, limit=limit, after=after)

    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """Return what a project (or one of its users) holds, by type of consumer."""
        return self._transport.items("/v1/usages", TypeUsage, project=project, user=user)

    def consumers(
        self,
        query: ConsumerQuery = ConsumerQuery(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ConsumerPage:
        """Return a page of the consumers that match a query. Raises ProviderNotFound, ClassNotFound, Invalid."""
        params = {
            "project": query.project,
            "user": query.user,
            "type": query.type,
            "provider": query.provider,
            "class": query.resource_class,
            "order": query.order.value,
            "state": query.state,
            "due": query.due,
            "name": query.name,
            "uuid": query.uuid,
            "q": query.text,
        }
        return self._transport.get("/v1/consumers", ConsumerPage, limit=limit, after=after, **params)

    def consumer(self, uuid: str) -> ConsumerDetails:
        """Return one consumer, by uuid or name, with everything it holds. Raises AllocationsNotFound ..."""
        return self._transport.get(consumer_path(uuid), ConsumerDetails)

    @in_steps
    def _consumers_named(self, names: Iterable[str]) -> Steps[dict[str, str]]:
        uuids: dict[str, str] = {}
        for name in names:
            found: ConsumerDetails = yield self.consumer(name)
            uuids[name] = found.uuid
        return uuids

    def projects(
        self, *, name: str = "", totals: bool = True, limit: int = 100, after: str | None = None
    ) -> ProjectPage:
        """Return a page of projects by name, with what their consumers hold, by type.

        name: only those with this in their names, ignoring case; totals: False leaves out what they hold.
        """
        asked = {"name": name or None, "totals": None if totals else "false", "limit": limit, "after": after}
        return self._transport.get("/v1/projects", ProjectPage, **asked)


def _amounts_text(resources: Resources) -> str:
    return ",".join(f"{name}:{amount}" for name, amount in resources.items())


def _catalogue_entry(kind: NameKind, item: NameItem) -> CatalogueEntry:
    return CatalogueEntry(kind, item.id, item.name, item.at)
