"""The verbs that show a fleet to people: in all, as a map, page by page; and why a request fits nowhere."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from berth.fleet.explain import explain
from berth.fleet.map import fleet_map
from berth.fleet.overview import overview
from berth.fleet.pages import provider_details, provider_page
from berth.ledger.core import Core
from berth.model.commands import Allocate, Command
from berth.model.errors import BerthError, DatabaseUnusable, NothingFits, Unavailable
from berth.model.funnel import Funnel
from berth.model.overview import FleetMap, MapQuery, Overview, ProviderDetails, ProviderFilter, ProviderPage
from berth.model.request import CandidateRequest
from berth.model.sound import canonical


class Showing:
    """Each answers from columns in memory, after a look at whether others have written."""

    core: Core

    def explain(self, request: CandidateRequest) -> Funnel:
        """What each constraint of a request takes away; names that do not exist are a part of the answer."""
        with self.core.current() as fleet:
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
        with self.core.current() as fleet:
            return overview(fleet)

    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """The fleet, or a part of it, as cells: hosts or groups of them; ClassNotFound, TraitsNotFound, Invalid."""
        marked = structs.replace(query, mark=tuple(map(canonical, query.mark)))
        with self.core.current() as fleet:
            return fleet_map(fleet, marked)

    def search(
        self,
        asked: ProviderFilter = ProviderFilter(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ProviderPage:
        """Providers that are like that, by a part of the name and so on; ClassNotFound, TraitsNotFound."""
        with self.core.current() as fleet:
            return provider_page(fleet, asked, after, limit)

    def provider_names(self, uuids: Iterable[str]) -> dict[str, str]:
        """What these providers are called, by uuid; those that there are not are left out. Invalid for no uuids."""
        asked = [canonical(uuid) for uuid in uuids]
        with self.core.current() as fleet:
            return {uuid: fleet.names[fleet.slot_of[uuid]] for uuid in asked if uuid in fleet.slot_of}

    def details(self, uuid: str) -> ProviderDetails:
        """One provider with all that it has, and its tree; ProviderNotFound."""
        with self.core.current() as fleet:
            return provider_details(fleet, canonical(uuid))
