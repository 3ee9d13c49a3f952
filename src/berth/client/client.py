"""A ledger over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from berth.client.follow import follow
from berth.client.tokens import TokenRequests
from berth.client.transport import Transport
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.candidate import Candidates
from berth.model.change import CatalogueEntry, Change, NameKind
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
from berth.model.errors import AllocationsNotFound, ClassNotFound, InventoryNotFound, NotBerth, TraitsNotFound
from berth.model.funnel import Funnel
from berth.model.interface import LedgerInterface
from berth.model.message import RESULTS, message
from berth.model.overview import FleetMap, MapQuery, Overview, ProviderDetails, ProviderFilter, ProviderPage
from berth.model.pages import CallerInfo, Found, HolderPage, NameItem, Page, Result, ServerInfo
from berth.model.provider import (
    InventoryUsage,
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
)
from berth.model.record import ProviderRecord
from berth.model.request import CandidateRequest, ProviderQuery
from berth.model.validation import canonical_uuid

MOST_ITEMS: Final = 1_000
"""On one page."""

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
    """The ledger behind a server, for example http://127.0.0.1:8778.

    timeout: how many seconds an answer may take; ca: a file with the certificates to trust, instead of
    the system's; cert: files with a certificate and key to show. Nothing is asked yet: the first verb
    says whether there is a server, and whether it knows the token.
    """
    return Client(Transport(url, token, timeout_s=timeout, ca=ca, cert=cert))


class Client(TokenRequests, LedgerInterface):
    """A ledger behind a server. Safe to share between threads.

    Its verbs and their refusals are those of an open ledger. Besides, any may raise Unauthenticated,
    Forbidden, TooManyRequests, NotBerth and Failed. Reading is tried again by itself when the server is
    away for a moment; a command is sent once, and if its answer is lost, Unavailable says that whether it was
    carried out is not known.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<Client of {self._transport.url}>"

    def close(self) -> None:
        """End every connection."""
        self._transport.close()

    def _do(self, command: Command) -> Any:
        kind = type(command)
        if kind not in RESULTS:
            raise NotBerth(f"{kind.__name__} cannot be sent to a server")
        result: Any = RESULTS[kind]
        answer: Result[Any] = self._transport.do(f"/v1/commands/{kind.__name__}", message(command), Result[result])
        return answer.result

    # --- What answers ---

    def about(self) -> ServerInfo:
        """What answers at this address."""
        found: ServerInfo = self._transport.get("/v1", ServerInfo)
        return found

    def me(self) -> CallerInfo:
        """Who the server takes this client for; Unauthenticated."""
        found: CallerInfo = self._transport.get("/v1/me", CallerInfo)
        return found

    def head(self) -> int:
        """The number of the last change."""
        return self.about().head

    # --- Finding ---

    def find(self, request: CandidateRequest) -> Candidates:
        """Where a request fits; ClassNotFound, TraitsNotFound."""
        found: Candidates = self._transport.ask("/v1/find", message(request), Candidates)
        return found

    def explain(self, request: CandidateRequest) -> Funnel:
        """What each constraint of a request takes away; names that do not exist are a part of the answer."""
        asked = {**msgspec.to_builtins(message(replace(request, limit=1))), "explain": True}
        found: Found = self._transport.ask("/v1/find", asked, Found)
        assert found.funnel is not None
        return found.funnel

    # --- The fleet ---

    def overview(self) -> Overview:
        """The whole fleet in a few numbers."""
        found: Overview = self._transport.get("/v1/fleet", Overview)
        return found

    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """The fleet, or a part of it, as cells: hosts or groups of them; ClassNotFound, TraitsNotFound, Invalid."""
        asked = {
            "class": list(query.classes),
            "by": query.by.value,
            "within": query.within,
            "name": query.name,
            "trait": query.trait,
            "aggregate": query.aggregate,
            "room": _amounts(query.room),
            "limit": query.limit,
        }
        found: FleetMap = self._transport.get("/v1/fleet/map", FleetMap, **asked)
        return found

    def search(
        self,
        asked: ProviderFilter = ProviderFilter(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ProviderPage:
        """Providers that are like that, by a part of the name and so on; ClassNotFound, TraitsNotFound."""
        given = {
            "name": asked.name,
            "uuid": asked.uuid,
            "trait": asked.trait,
            "aggregate": asked.aggregate,
            "class": asked.resource_class,
            "room": _amounts(asked.room),
            "root": asked.root,
        }
        found: ProviderPage = self._transport.get("/v1/providers", ProviderPage, limit=limit, after=after, **given)
        return found

    def details(self, uuid: str) -> ProviderDetails:
        """One provider with all that it has, and its tree; ProviderNotFound."""
        found: ProviderDetails = self._of(uuid, "", ProviderDetails)
        return found

    def providers(self, query: ProviderQuery = ProviderQuery()) -> list[Provider]:  # noqa: B008 - it is frozen
        """Every provider that is like that; ClassNotFound, TraitsNotFound."""
        found: Page[Provider] = self._transport.ask("/v1/providers/query", message(query), Page[Provider])
        return found.items

    # --- Providers ---

    def provider(self, uuid: str) -> Provider:
        """One provider; ProviderNotFound."""
        found: Provider = self._of(uuid, "", Provider)
        return found

    def records(self) -> Iterator[ProviderRecord]:
        """Every provider with all that it has, parents before their children."""
        found: Page[ProviderRecord] = self._transport.get("/v1/records", Page[ProviderRecord])
        return iter(found.items)

    def inventories(self, uuid: str) -> ProviderInventories:
        """All that a provider has; ProviderNotFound."""
        found: ProviderInventories = self._of(uuid, "/inventories", ProviderInventories)
        return found

    def inventory(self, uuid: str, resource_class: str) -> InventoryUsage:
        """What a provider has of one class; ProviderNotFound, InventoryNotFound."""
        found = self.inventories(uuid).inventories.get(resource_class)
        if found is None:
            raise InventoryNotFound(uuid, resource_class)
        return found

    def usages(self, uuid: str) -> ProviderUsages:
        """How much of a provider is held; ProviderNotFound."""
        found: ProviderUsages = self._of(uuid, "/usages", ProviderUsages)
        return found

    def traits(self, uuid: str) -> ProviderTraits:
        """A provider's traits; ProviderNotFound."""
        found: ProviderTraits = self._of(uuid, "/traits", ProviderTraits)
        return found

    def aggregates(self, uuid: str) -> ProviderAggregates:
        """A provider's aggregates; ProviderNotFound."""
        found: ProviderAggregates = self._of(uuid, "/aggregates", ProviderAggregates)
        return found

    def _of(self, uuid: str, what: str, kind: Any, **parameters: Any) -> Any:
        return self._transport.get(f"/v1/providers/{canonical_uuid(uuid)}{what}", kind, **parameters)

    # --- Names ---

    def names(self, kind: NameKind) -> list[NameItem]:
        """Every resource class, trait or aggregate, with how many providers have it."""
        found: Page[NameItem] = self._transport.get(f"/v1/{_PATHS[kind]}", Page[NameItem])
        return found.items

    def classes(self) -> list[CatalogueEntry]:
        """Every resource class."""
        return [_named(NameKind.CLASS, item) for item in self.names(NameKind.CLASS)]

    def resource_class(self, name: str) -> CatalogueEntry:
        """One resource class; ClassNotFound."""
        if _NAME.fullmatch(name) is None:
            raise ClassNotFound(name)
        return _named(NameKind.CLASS, self._transport.get(f"/v1/classes/{name}", NameItem))

    def trait_names(self, *, associated: bool | None = None) -> list[CatalogueEntry]:
        """Every trait; or only those that some provider has (True), or none has (False)."""
        every = self.names(NameKind.TRAIT)
        return [_named(NameKind.TRAIT, item) for item in every if associated in (None, item.providers > 0)]

    def trait(self, name: str) -> CatalogueEntry:
        """One trait; TraitsNotFound."""
        if _NAME.fullmatch(name) is None:
            raise TraitsNotFound([name])
        return _named(NameKind.TRAIT, self._transport.get(f"/v1/traits/{name}", NameItem))

    # --- Who holds what ---

    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """All that a consumer holds; None if it holds nothing."""
        try:
            found = self.consumer(consumer)
        except AllocationsNotFound:
            return None
        return ConsumerAllocations(
            Consumer(found.uuid, found.generation, found.project, found.user, found.type),
            [ProviderHolding(uuid, found.provider_generations[uuid], held) for uuid, held in found.allocations.items()],
            found.updated_at,
        )

    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Who holds what of a provider; ProviderNotFound."""
        page = self.holders(uuid, limit=MOST_ITEMS)
        items = list(page.items)
        while page.next is not None:
            page = self.holders(uuid, limit=MOST_ITEMS, after=page.next)
            items += page.items
        holders = [
            Holder(Consumer(it.consumer, it.generation, it.project, it.user, it.type), it.resources) for it in items
        ]
        return ProviderAllocations(page.generation, holders, max((item.updated_at for item in items), default=0))

    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Who holds what of a provider, by consumer; ProviderNotFound."""
        found: HolderPage = self._of(uuid, "/holders", HolderPage, limit=limit, after=after)
        return found

    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """What a project (or one of its users) holds, by type of consumer."""
        found: Page[TypeUsage] = self._transport.get("/v1/usages", Page[TypeUsage], project=project, user=user)
        return found.items

    def consumers(
        self,
        query: ConsumerQuery = ConsumerQuery(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ConsumerPage:
        """Consumers that are like that; ProviderNotFound, ClassNotFound; Invalid: LARGEST of no class."""
        asked = {
            "project": query.project,
            "user": query.user,
            "type": query.type,
            "provider": query.provider,
            "class": query.resource_class,
            "order": query.order.value,
        }
        found: ConsumerPage = self._transport.get("/v1/consumers", ConsumerPage, limit=limit, after=after, **asked)
        return found

    def consumer(self, uuid: str) -> ConsumerDetails:
        """One consumer with all that it holds; AllocationsNotFound if it holds nothing."""
        found: ConsumerDetails = self._transport.get(f"/v1/consumers/{canonical_uuid(uuid)}", ConsumerDetails)
        return found

    def projects(self, *, limit: int = 100, after: str | None = None) -> ProjectPage:
        """Projects by name, with what their consumers hold, by type."""
        found: ProjectPage = self._transport.get("/v1/projects", ProjectPage, limit=limit, after=after)
        return found

    # --- What was done ---

    def changes(self, after: int = 0, most: int = 100) -> list[Change]:
        """At most so many entries of the change log, after this number."""
        found: list[Change] = []
        while len(found) < most:
            limit = min(most - len(found), MOST_ITEMS)
            page: Page[Change] = self._transport.get("/v1/changes", Page[Change], after=after, limit=limit)
            found += page.items
            if page.next is None:
                break
            after = found[-1].number
        return found

    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Every change after this number (None: from now on) as it comes, over lost connections as well."""
        return follow(self._transport, self.head() if after is None else after)

    def audit(
        self,
        *,
        since: int | None = None,
        until: int | None = None,
        actor: str | None = None,
        subject: str | None = None,
        operation: str | None = None,
        outcome: str | None = None,
        before: int | None = None,
        most: int = 100,
    ) -> list[AuditRecord]:
        """At most so many records of the audit log that are like this, newest first; before: a record's number."""
        asked = {
            "since": since,
            "until": until,
            "actor": actor,
            "provider": None if subject is None else canonical_uuid(subject),
            "operation": operation,
            "outcome": outcome,
        }
        return self._records("/v1/audit", before, most, **asked)

    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Unusual activity of the last week that ended within this span, in microseconds since 1970 UTC."""
        found: Anomalies = self._transport.get("/v1/audit/anomalies", Anomalies, since=since, until=until)
        return found

    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> list[AuditRecord]:
        """What was done to a provider or a consumer, newest first, whether it is there still or not."""
        return self._records(f"/v1/providers/{canonical_uuid(uuid)}/history", before, most)

    def _records(self, path: str, before: int | None, most: int, **asked: Any) -> list[AuditRecord]:
        found: list[AuditRecord] = []
        while len(found) < most:
            limit = min(most - len(found), MOST_ITEMS)
            page: Page[AuditRecord] = self._transport.get(path, Page[AuditRecord], after=before, limit=limit, **asked)
            found += page.items
            if page.next is None:
                break
            before = found[-1].number
        return found


def _amounts(resources: Resources) -> str:
    return ",".join(f"{name}:{amount}" for name, amount in resources.items())


def _named(kind: NameKind, item: NameItem) -> CatalogueEntry:
    return CatalogueEntry(kind, item.id, item.name, item.at)
