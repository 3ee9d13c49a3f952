"""Queries of the fleet: candidates, providers and what they have, names, overviews."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from berth.fleet.find.find import find
from berth.fleet.find.timed_budget import TimedBudget
from berth.fleet.short_circuit import placement_finds_nothing_first, placement_lists_nothing_first
from berth.fleet.state.aggregate_names import AggregateNames
from berth.fleet.views import providers as reading
from berth.fleet.views.map import fleet_map
from berth.fleet.views.overview import names_in_use, overview
from berth.fleet.views.provider_order import Sorting
from berth.fleet.views.provider_page import provider_details, provider_page
from berth.fleet.views.records import records
from berth.ledger.queries.provider_uuid import provider_uuid
from berth.ledger.write.writer import Writer
from berth.model.candidate import Candidates
from berth.model.change import CatalogueEntry, NameKind
from berth.model.errors import ClassNotFound, InventoryNotFound, TraitsNotFound
from berth.model.funnel import Funnel
from berth.model.overview import (
    FleetMap,
    MapQuery,
    Overview,
    ProviderDetails,
    ProviderFilter,
    ProviderOrder,
    ProviderPage,
)
from berth.model.pages import NameItem
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
from berth.model.request_validation import (
    check_limit,
    validated_map,
    validated_provider_filter,
    validated_query,
    validated_request,
)
from berth.model.validation import canonical_uuid

FEW: Final = 1_000
"""How many providers are returned within a few milliseconds: a thread would cost more than they do."""


COLUMNS: Final = 20
"""How many providers of a few columns cost as much as to return one of them."""


class FleetQueries:
    """Queries of the fleet: answered from columns in memory, after a check for changes by other processes."""

    _writer: Writer

    def _require_time(self, most: int | None = None, *, share: int = 1) -> None:
        """Raise NeedsTime if this thread has no time for that many providers: at most these, None: the whole fleet.

        share: how many times less one provider costs than to return it.
        """
        fleet = len(self._writer.fleet.slot_of)
        count = (fleet if most is None else min(most, fleet)) // share
        if count > FEW:
            self._writer.require_time(long=True)

    # --- Finding ---

    def find(self, request: CandidateRequest | Mapping[str, int]) -> Candidates:
        """Return the candidates of a request, or of amounts. Raises ClassNotFound, TraitsNotFound, Invalid."""
        request = self._request_with_uuids(request)
        budget = TimedBudget(
            self._writer.check_time, FEW, lambda: self._require_time(request.limit), self._writer.pause
        )
        with self._writer.read() as fleet:
            began = time.time_ns()
            candidates = find(fleet, request, budget)
            self._writer.observer.found(began, time.time_ns())
            return candidates

    def with_aggregate_uuids(self, request: CandidateRequest) -> CandidateRequest:
        """Return a request with the uuids of the aggregates that it names. Raises AggregateNotFound, Invalid."""
        if not any(group.member_of or group.not_member_of for group in request.groups):
            return request
        request = validated_request(request)
        with self._writer.read() as fleet:
            resolve = fleet.catalogue.aggregate_names.resolve
            groups = [
                replace(
                    group,
                    member_of=tuple(frozenset(map(resolve, any_of)) for any_of in group.member_of),
                    not_member_of=frozenset(map(resolve, group.not_member_of)),
                )
                for group in request.groups
            ]
        return replace(request, groups=tuple(groups))

    def _request_with_uuids(self, given: CandidateRequest | Mapping[str, int]) -> CandidateRequest:
        """Return a valid request, with uuids. Raises Invalid."""
        request = as_request(given)
        if names := names_in(request):
            request = with_uuids(request, self._uuids_of(names))
        return validated_request(request)

    def _uuids_of(self, names: Iterable[str]) -> dict[str, str]:
        with self._writer.read() as fleet:
            return {name: fleet.uuids[fleet.slot_of_name[name]] for name in names if name in fleet.slot_of_name}

    def head(self) -> int:
        """Return the number of the last change."""
        with self._writer.read() as fleet:
            return fleet.head

    def placement_finds_nothing_first(self, request: CandidateRequest | ProviderQuery) -> bool:
        """Whether, in a request that was refused for an unknown name, an earlier part finds nothing anyway.

        Placement then returns an empty result instead of an error.
        """
        with self._writer.read() as fleet:
            if isinstance(request, ProviderQuery):
                return placement_lists_nothing_first(fleet, request)
            return placement_finds_nothing_first(fleet, request)

    def providers(self, query: ProviderQuery = ProviderQuery()) -> list[Provider]:  # noqa: B008 - it is frozen
        """Return every provider that matches. Raises ClassNotFound, TraitsNotFound, Invalid."""
        query = validated_query(query)
        self._require_time(None if query.uuid is None and query.name is None else 1)
        with self._writer.read() as fleet:
            return reading.providers(fleet, query, self._writer.pause)

    # --- Providers ---

    def provider(self, uuid: str) -> Provider:
        """Return a provider. Raises ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.provider(fleet, provider_uuid(fleet, uuid))

    def need_provider(self, uuid: str) -> None:
        """Raise ProviderNotFound if there is no such provider."""
        with self._writer.read() as fleet:
            fleet.slot(uuid)

    def records(self) -> Iterator[ProviderRecord]:
        """Return every provider with all that it has, parents before their children.

        They are made one by one, all as of when the first is asked for.
        """
        self._require_time()
        return self._records()

    def _records(self) -> Iterator[ProviderRecord]:
        with self._writer.read() as fleet:
            yield from records(fleet)

    # --- What providers have ---

    def inventories(self, uuid: str) -> ProviderInventories:
        """Return all inventories of a provider. Raises ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.inventories(fleet, provider_uuid(fleet, uuid))

    def inventory(self, uuid: str, resource_class: str) -> InventoryUsage:
        """Return a provider's inventory of one class. Raises ProviderNotFound, InventoryNotFound."""
        inventory = self.inventories(uuid).inventories.get(resource_class)
        if inventory is None:
            raise InventoryNotFound(uuid, resource_class)
        return inventory

    def usages(self, uuid: str) -> ProviderUsages:
        """Return how much of a provider is held. Raises ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.usages(fleet, provider_uuid(fleet, uuid))

    def traits(self, uuid: str) -> ProviderTraits:
        """Return a provider's traits. Raises ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.traits(fleet, provider_uuid(fleet, uuid))

    def aggregates(self, uuid: str) -> ProviderAggregates:
        """Return a provider's aggregates. Raises ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.aggregates(fleet, provider_uuid(fleet, uuid))

    # --- Names ---

    def classes(self) -> list[CatalogueEntry]:
        """Return every resource class."""
        return self._named(NameKind.CLASS)

    def resource_class(self, name: str) -> CatalogueEntry:
        """Return a resource class. Raises ClassNotFound."""
        with self._writer.read() as fleet:
            named = fleet.catalogue.get(NameKind.CLASS, name)
        if named is None:
            raise ClassNotFound(name)
        return named

    def trait_names(self, *, associated: bool | None = None) -> list[CatalogueEntry]:
        """Return every trait, or only those that some provider has (True), or none has (False)."""
        with self._writer.read() as fleet:
            every = list(fleet.catalogue.all(NameKind.TRAIT))
            in_use = set() if associated is None else reading.associated_traits(fleet)
        return [named for named in every if associated is None or (named.id in in_use) == associated]

    def trait(self, name: str) -> CatalogueEntry:
        """Return a trait. Raises TraitsNotFound."""
        with self._writer.read() as fleet:
            named = fleet.catalogue.get(NameKind.TRAIT, name)
        if named is None:
            raise TraitsNotFound([name])
        return named

    def names(self, kind: NameKind, *, name: str = "") -> list[NameItem]:
        """Return every name of a kind with the number of its providers; of aggregates those with any or a label.

        name: only those with this in them, ignoring case; of aggregates that have a label, in the label.
        """
        self._require_time(share=COLUMNS)
        with self._writer.read() as fleet:
            named = {each.name: each for each in fleet.catalogue.all(kind)}
            known = fleet.catalogue.aggregate_names if kind is NameKind.AGGREGATE else AggregateNames()
            return [
                NameItem(
                    each.name,
                    named[each.name].id,
                    named[each.name].at,
                    each.providers,
                    known.named(each.name).name,
                    known.named(each.name).kind,
                )
                for each in names_in_use(fleet, kind)
                if name.lower() in (known.named(each.name).name or each.name).lower()
            ]

    def _named(self, kind: NameKind) -> list[CatalogueEntry]:
        with self._writer.read() as fleet:
            return list(fleet.catalogue.all(kind))

    # --- Explanations and overviews ---

    def explain(self, request: CandidateRequest | Mapping[str, int]) -> Funnel:
        """Return what each constraint of a request excludes. Unknown names are part of the answer. Raises Invalid."""
        request = self._request_with_uuids(request)
        self._writer.require_time(long=True)
        with self._writer.read() as fleet:
            return self._writer.explained(fleet, request)

    def overview(self) -> Overview:
        """Return the whole fleet in a few numbers."""
        self._require_time(share=COLUMNS)
        with self._writer.read() as fleet:
            return overview(fleet)

    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """Return the fleet, or a part, as cells: hosts or groups. Raises ClassNotFound, TraitsNotFound, Invalid."""
        query = validated_map(query)
        self._require_time()
        with self._writer.read() as fleet:
            return fleet_map(fleet, query, self._writer.pause)

    def search(
        self,
        asked: ProviderFilter = ProviderFilter(),  # noqa: B008 - it is frozen
        *,
        order: ProviderOrder = ProviderOrder.OLDEST,
        reverse: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> ProviderPage:
        """Return a page of the providers that match. reverse: backwards in that order.

        Raises ClassNotFound, TraitsNotFound, Invalid.
        """
        check_limit(limit)
        asked = validated_provider_filter(asked)
        self._require_time(limit)
        self._require_time(share=1 if order is ProviderOrder.NAME else COLUMNS)
        with self._writer.read() as fleet:
            return provider_page(fleet, asked, after, limit, Sorting(order, reverse, asked.resource_class))

    def provider_names(self, uuids: Iterable[str]) -> dict[str, str]:
        """Return the names of the providers that exist, by uuid. Raises Invalid for what is not a uuid."""
        canonical = [canonical_uuid(uuid) for uuid in uuids]
        with self._writer.read() as fleet:
            return {uuid: fleet.names[fleet.slot_of[uuid]] for uuid in canonical if uuid in fleet.slot_of}

    def details(self, uuid: str) -> ProviderDetails:
        """Return a provider with all that it has, and its tree. Raises ProviderNotFound."""
        with self._writer.read() as fleet:
            slot = fleet.slot(provider_uuid(fleet, uuid))
            self._require_time(len(fleet.members.get(fleet.root.item(slot), ())))
            return provider_details(fleet, fleet.uuids[slot])
