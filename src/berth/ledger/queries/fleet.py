"""The verbs that ask the fleet: where something fits, what providers are and have, which names there are."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from msgspec import structs

from berth.fleet.explain.explain import explain
from berth.fleet.find.find import find
from berth.fleet.short_circuit import placement_finds_nothing_first, placement_lists_nothing_first
from berth.fleet.views import providers as reading
from berth.fleet.views.map import fleet_map
from berth.fleet.views.overview import names_in_use, overview
from berth.fleet.views.provider_page import provider_details, provider_page
from berth.ledger.write.writer import Writer
from berth.model.candidate import Candidates
from berth.model.change import CatalogueEntry, NameKind
from berth.model.commands import Allocate, Command
from berth.model.errors import (
    BerthError,
    ClassNotFound,
    DatabaseUnusable,
    InventoryNotFound,
    NothingFits,
    TraitsNotFound,
    Unavailable,
)
from berth.model.funnel import Funnel
from berth.model.overview import FleetMap, MapQuery, Overview, ProviderDetails, ProviderFilter, ProviderPage
from berth.model.pages import NameItem
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


class FleetQueries:
    """Queries of the fleet: answered from columns in memory, after a check whether others have written."""

    _writer: Writer

    # --- Finding ---

    def find(self, request: CandidateRequest) -> Candidates:
        """Where a request fits; ClassNotFound, TraitsNotFound."""
        with self._writer.read() as fleet:
            began = time.time_ns()
            found = find(fleet, request)
            self._writer.observer.found(began, time.time_ns())
            return found

    def head(self) -> int:
        """The number of the last change."""
        with self._writer.read() as fleet:
            return fleet.head

    def placement_finds_nothing_first(self, request: CandidateRequest | ProviderQuery) -> bool:
        """Whether what was refused for an unknown name has a part before it that finds nothing anyway.

        The Placement API then answers with nothing instead of refusing.
        """
        with self._writer.read() as fleet:
            if isinstance(request, ProviderQuery):
                return placement_lists_nothing_first(fleet, request)
            return placement_finds_nothing_first(fleet, request)

    def providers(self, query: ProviderQuery = ProviderQuery()) -> list[Provider]:  # noqa: B008 - it is frozen
        """Every provider that is like that; ClassNotFound, TraitsNotFound."""
        with self._writer.read() as fleet:
            return reading.providers(fleet, query)

    # --- Providers ---

    def provider(self, uuid: str) -> Provider:
        """One provider; ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.provider(fleet, canonical_uuid(uuid))

    def need_provider(self, uuid: str) -> None:
        """ProviderNotFound, if there is no such provider."""
        with self._writer.read() as fleet:
            fleet.slot(uuid)

    def records(self) -> Iterator[ProviderRecord]:
        """Every provider with all that it has, as of now, parents before their children."""
        with self._writer.read() as fleet:
            return iter(list(reading.records(fleet)))

    # --- What providers have ---

    def inventories(self, uuid: str) -> ProviderInventories:
        """All that a provider has; ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.inventories(fleet, canonical_uuid(uuid))

    def inventory(self, uuid: str, resource_class: str) -> InventoryUsage:
        """What a provider has of one class; ProviderNotFound, InventoryNotFound."""
        found = self.inventories(uuid).inventories.get(resource_class)
        if found is None:
            raise InventoryNotFound(uuid, resource_class)
        return found

    def usages(self, uuid: str) -> ProviderUsages:
        """How much of a provider is held; ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.usages(fleet, canonical_uuid(uuid))

    def traits(self, uuid: str) -> ProviderTraits:
        """A provider's traits; ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.traits(fleet, canonical_uuid(uuid))

    def aggregates(self, uuid: str) -> ProviderAggregates:
        """A provider's aggregates; ProviderNotFound."""
        with self._writer.read() as fleet:
            return reading.aggregates(fleet, canonical_uuid(uuid))

    # --- Names ---

    def classes(self) -> list[CatalogueEntry]:
        """Every resource class."""
        return self._named(NameKind.CLASS)

    def resource_class(self, name: str) -> CatalogueEntry:
        """One resource class; ClassNotFound."""
        with self._writer.read() as fleet:
            named = fleet.catalogue.get(NameKind.CLASS, name)
        if named is None:
            raise ClassNotFound(name)
        return named

    def trait_names(self, *, associated: bool | None = None) -> list[CatalogueEntry]:
        """Every trait; or only those that some provider has (True), or none has (False)."""
        with self._writer.read() as fleet:
            every = list(fleet.catalogue.all(NameKind.TRAIT))
            in_use = set() if associated is None else reading.associated_traits(fleet)
        return [named for named in every if associated is None or (named.id in in_use) == associated]

    def trait(self, name: str) -> CatalogueEntry:
        """One trait; TraitsNotFound."""
        with self._writer.read() as fleet:
            named = fleet.catalogue.get(NameKind.TRAIT, name)
        if named is None:
            raise TraitsNotFound([name])
        return named

    def names(self, kind: NameKind) -> list[NameItem]:
        """Every name of a kind, with how many providers have it; of aggregates those that somebody is in."""
        with self._writer.read() as fleet:
            named = {each.name: each for each in fleet.catalogue.all(kind)}
            return [
                NameItem(each.name, named[each.name].id, named[each.name].at, each.providers)
                for each in names_in_use(fleet, kind)
            ]

    def _named(self, kind: NameKind) -> list[CatalogueEntry]:
        with self._writer.read() as fleet:
            return list(fleet.catalogue.all(kind))

    # --- Looking at the fleet as people do ---

    def explain(self, request: CandidateRequest) -> Funnel:
        """What each constraint of a request takes away; names that do not exist are a part of the answer."""
        with self._writer.read() as fleet:
            return explain(fleet, request)

    def explained(self, command: Command, refusal: BerthError) -> BerthError:
        """A refusal of a command with all that can be said of why: of NothingFits, what each constraint took away.

        As it is, if the ledger cannot answer any more: what was decided stands.
        """
        if not (isinstance(refusal, NothingFits) and isinstance(command, Allocate)):
            return refusal
        try:
            return NothingFits(bounded=refusal.bounded, funnel=self.explain(command.request))
        except (Unavailable, DatabaseUnusable):
            return refusal

    def overview(self) -> Overview:
        """The whole fleet in a few numbers."""
        with self._writer.read() as fleet:
            return overview(fleet)

    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """The fleet, or a part of it, as cells: hosts or groups of them; ClassNotFound, TraitsNotFound, Invalid."""
        marked = structs.replace(query, mark=tuple(map(canonical_uuid, query.mark)))
        with self._writer.read() as fleet:
            return fleet_map(fleet, marked)

    def search(
        self,
        asked: ProviderFilter = ProviderFilter(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ProviderPage:
        """Providers that are like that, by a part of the name and so on; ClassNotFound, TraitsNotFound."""
        with self._writer.read() as fleet:
            return provider_page(fleet, asked, after, limit)

    def provider_names(self, uuids: Iterable[str]) -> dict[str, str]:
        """What these providers are called, by uuid; those that there are not are left out. Invalid for no uuids."""
        asked = [canonical_uuid(uuid) for uuid in uuids]
        with self._writer.read() as fleet:
            return {uuid: fleet.names[fleet.slot_of[uuid]] for uuid in asked if uuid in fleet.slot_of}

    def details(self, uuid: str) -> ProviderDetails:
        """One provider with all that it has, and its tree; ProviderNotFound."""
        with self._writer.read() as fleet:
            return provider_details(fleet, canonical_uuid(uuid))
