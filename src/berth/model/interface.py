"""The interface of a ledger. Two implementations: the ledger itself, and a client of a server.

Each implements the reading verbs in its own way. The writing verbs are here, once: they turn arguments into commands.
The verbs of a new noun do not go here but into a namespace (berth.model.namespace).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from berth.model import commands
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.candidate import Candidates, Grant
from berth.model.change import CatalogueEntry, Change, NameKind
from berth.model.commands import KEEP, UNCHECKED, Claim, Command, Generation, Keep, NewInventories
from berth.model.consumer import (
    ConsumerAllocations,
    ConsumerDetails,
    ConsumerPage,
    ConsumerQuery,
    ProjectPage,
    ProviderAllocations,
    TypeUsage,
)
from berth.model.consumer_references import consumers_in, with_consumers
from berth.model.edit_verbs import EditVerbs
from berth.model.errors import Unavailable
from berth.model.funnel import Funnel
from berth.model.idempotency import checked_key, made_uuid, repeatable
from berth.model.inventory import Inventory
from berth.model.name_verbs import NameVerbs
from berth.model.overview import (
    FleetMap,
    MapQuery,
    Overview,
    ProviderDetails,
    ProviderFilter,
    ProviderOrder,
    ProviderPage,
)
from berth.model.page_verbs import PageVerbs
from berth.model.pages import HolderPage, NameItem
from berth.model.plain_values import as_inventories, as_request
from berth.model.provider import (
    InventoryUsage,
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
)
from berth.model.provider_names import names_in, with_uuids
from berth.model.record import ProviderRecord, RecordOutcome
from berth.model.request import CandidateRequest, ProviderQuery
from berth.model.steps import Steps, in_steps
from berth.model.term import Term
from berth.model.term_verbs import TermVerbs
from berth.model.token_interface import TokenInterface
from berth.model.validation import validated


class LedgerReader(TokenInterface, Protocol):
    """The reading verbs. Each answers from what is committed at the time of the call, by any process.

    uuids may be given in any spelling and are returned in the canonical one. All may raise Unavailable: the
    ledger cannot be reached, and it is safe to retry.
    """

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def head(self) -> int:
        """Return the number of the last change."""

    @abstractmethod
    def find(self, request: CandidateRequest | Mapping[str, int]) -> Candidates:
        """Return where a request, or amounts by class, fit. Raises ClassNotFound, TraitsNotFound."""

    @abstractmethod
    def explain(self, request: CandidateRequest | Mapping[str, int]) -> Funnel:
        """Return what each constraint of a request removes. Names that do not exist are part of the result."""

    @abstractmethod
    def overview(self) -> Overview:
        """Return the totals of the fleet."""

    @abstractmethod
    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """Return the fleet, or a part of it, as cells. Raises ClassNotFound, TraitsNotFound, Invalid."""

    @abstractmethod
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

    @abstractmethod
    def details(self, uuid: str) -> ProviderDetails:
        """Return one provider with everything it has, and its tree. Raises ProviderNotFound."""

    @abstractmethod
    def providers(self, query: ProviderQuery = ProviderQuery()) -> list[Provider]:  # noqa: B008 - it is frozen
        """Return every provider that matches a query. Raises ClassNotFound, TraitsNotFound."""

    @abstractmethod
    def provider(self, uuid: str) -> Provider:
        """Return one provider. Raises ProviderNotFound."""

    @abstractmethod
    def records(self) -> Iterator[ProviderRecord]:
        """Yield every provider as a record, parents before their children."""

    @abstractmethod
    def inventories(self, uuid: str) -> ProviderInventories:
        """Return a provider's inventories. Raises ProviderNotFound."""

    @abstractmethod
    def inventory(self, uuid: str, resource_class: str) -> InventoryUsage:
        """Return a provider's inventory of one class. Raises ProviderNotFound, InventoryNotFound."""

    @abstractmethod
    def usages(self, uuid: str) -> ProviderUsages:
        """Return how much of a provider is held. Raises ProviderNotFound."""

    @abstractmethod
    def traits(self, uuid: str) -> ProviderTraits:
        """Return a provider's traits. Raises ProviderNotFound."""

    @abstractmethod
    def aggregates(self, uuid: str) -> ProviderAggregates:
        """Return a provider's aggregates. Raises ProviderNotFound."""

    @abstractmethod
    def names(self, kind: NameKind, *, name: str = "") -> list[NameItem]:
        """Return every name of a kind with the number of its providers; only aggregates that have any or a label.

        name: only those with this in them, ignoring case; of aggregates that have a label, in the label.
        """

    @abstractmethod
    def classes(self) -> list[CatalogueEntry]:
        """Return every resource class."""

    @abstractmethod
    def resource_class(self, name: str) -> CatalogueEntry:
        """Return one resource class. Raises ClassNotFound."""

    @abstractmethod
    def trait_names(self, *, associated: bool | None = None) -> list[CatalogueEntry]:
        """Return every trait, or only those that some provider has (True) or no provider has (False)."""

    @abstractmethod
    def trait(self, name: str) -> CatalogueEntry:
        """Return one trait. Raises TraitsNotFound."""

    @abstractmethod
    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """Return everything that a consumer holds, None if it holds nothing."""

    @abstractmethod
    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Return the holders of a provider. Raises ProviderNotFound."""

    @abstractmethod
    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """Return what a project (or one of its users) holds, by type of consumer."""

    @abstractmethod
    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Return a page of the holders of a provider, by consumer. Raises ProviderNotFound."""

    @abstractmethod
    def consumers(
        self,
        query: ConsumerQuery = ConsumerQuery(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ConsumerPage:
        """Return a page of the consumers that match a query.

        Raises ProviderNotFound, ClassNotFound, Invalid (LARGEST without a class).
        """

    @abstractmethod
    def consumer(self, uuid: str) -> ConsumerDetails:
        """Return one consumer with everything it holds. Raises AllocationsNotFound if it holds nothing."""

    @abstractmethod
    def projects(
        self, *, name: str = "", totals: bool = True, limit: int = 100, after: str | None = None
    ) -> ProjectPage:
        """Return a page of projects by name, with what their consumers hold, by type.

        name: only those with this in their names, ignoring case; totals: False leaves out what they hold.
        """

    @abstractmethod
    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> list[AuditRecord]:
        """Return what was done to a provider or consumer, newest first, even if it no longer exists."""

    @abstractmethod
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
        """Return up to `most` matching records of the audit log, newest first. before: a record's number."""

    @abstractmethod
    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Return unusual activity that ended between two moments, in microseconds since 1970 UTC."""

    @abstractmethod
    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Yield every change after this number (None: from now on) as it is made, without end. Raises LogReset."""

    @abstractmethod
    def changes(self, after: int | None = None, most: int = 100) -> list[Change]:
        """Return up to `most` entries of the change log, after this number (None: from the first one that is left).

        Raises ChangesGone if the next ones are in an archive.
        """


class LedgerInterface(LedgerReader, PageVerbs, NameVerbs, EditVerbs, TermVerbs, Protocol):
    """All verbs. A writing verb returns when its change is durable, or raises a Refusal and changes nothing."""

    @abstractmethod
    def _do(self, command: Command, key: str | None = None) -> Any:
        """Carry out a validated command. Return its result. key: a valid idempotency key, None without one."""

    @abstractmethod
    def _uuids_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return the uuids of those of these providers that exist, by their names."""

    @in_steps
    def do(self, command: Command, *, key: str | None = None) -> Steps[Any]:
        """Validate and carry out a command. Return its result. Raises Invalid if it is malformed.

        key: an idempotency key (docs/embedding.md): with the same one a command is carried out once, and always has the
        same answer. Raises KeyReused if another command had this key. Every writing verb takes one.
        """
        if key is not None:
            command = repeatable(command, checked_key(key))
        try:
            if names := names_in(command):
                command = with_uuids(command, (yield self._uuids_of(names)))
            if called := consumers_in(command):
                command = with_consumers(command, (yield self._consumers_named(called)))
            return (yield self._do(validated(command), key))
        except Unavailable as error:
            error.consumer = command.consumer if isinstance(command, commands.Allocate) else None
            raise

    # --- Providers ---

    def create_provider(
        self, name: str, *, uuid: str | None = None, parent: str | None = None, key: str | None = None
    ) -> Provider:
        """Create a provider (uuid: a new one if omitted). Raises ProviderExists, ParentNotFound, ParentIsSelf."""
        new_uuid = made_uuid(key, "provider", name, parent) if uuid is None else uuid
        created: Provider = self.do(commands.CreateProvider(uuid=new_uuid, name=name, parent=parent), key=key)
        return created

    def update_provider(
        self, uuid: str, *, name: str | Keep = KEEP, parent: str | Keep | None = KEEP, key: str | None = None
    ) -> Provider:
        """Rename or move a provider (parent=None: make it a root). Raises ProviderNotFound, TreeLoop ..."""
        updated: Provider = self.do(commands.UpdateProvider(uuid=uuid, name=name, parent=parent), key=key)
        return updated

    def delete_provider(self, uuid: str, *, key: str | None = None) -> None:
        """Delete a provider. Raises ProviderNotFound, ProviderHasChildren, ProviderInUse."""
        return self._done(self.do(commands.DeleteProvider(uuid=uuid), key=key))

    def put_records(self, records: Sequence[ProviderRecord], *, key: str | None = None) -> list[RecordOutcome]:
        """Import providers with everything they have, in one commit. Return the outcome of each record.

        Refused records are left out, with the reason; missing classes and traits are created. A record
        that changes nothing is not written, so importing the same records again is safe.
        """
        outcomes: list[RecordOutcome] = self.do(commands.PutRecords(records=tuple(records)), key=key)
        return outcomes

    # --- What providers have ---

    def set_inventories(
        self,
        uuid: str,
        inventories: Mapping[str, Inventory | Mapping[str, Any]],
        *,
        generation: Generation = UNCHECKED,
        key: str | None = None,
    ) -> ProviderInventories:
        """Replace a provider's inventories. Raises GenerationConflict, InventoryInUse, ReservedExceedsTotal ..."""
        command = commands.SetInventories(uuid=uuid, inventories=as_inventories(inventories), generation=generation)
        written = self.do(command, key=key)
        return self._after(written, self.inventories, uuid)

    def delete_inventory(self, uuid: str, resource_class: str, *, key: str | None = None) -> None:
        """Delete one inventory. Raises InventoryNotFound, InventoryInUse."""
        return self._done(self.do(commands.DeleteInventory(uuid=uuid, resource_class=resource_class), key=key))

    def set_traits(
        self, uuid: str, names: Iterable[str], *, generation: Generation = UNCHECKED, key: str | None = None
    ) -> ProviderTraits:
        """Replace a provider's traits. Raises GenerationConflict, TraitsNotFound."""
        written = self.do(commands.SetTraits(uuid=uuid, traits=frozenset(names), generation=generation), key=key)
        return self._after(written, self.traits, uuid)

    def set_aggregates(
        self, uuid: str, aggregates: Iterable[str], *, generation: Generation = UNCHECKED, key: str | None = None
    ) -> ProviderAggregates:
        """Replace a provider's aggregates. Raises GenerationConflict."""
        command = commands.SetAggregates(uuid=uuid, aggregates=tuple(aggregates), generation=generation)
        written = self.do(command, key=key)
        return self._after(written, self.aggregates, uuid)

    # --- Claims ---

    def claim(self, *claims: Claim, key: str | None = None) -> None:
        """Write what consumers hold, all or none. Raises CapacityExceeded, ConsumerGenerationConflict ..."""
        return self._done(self.do(commands.SetAllocations(claims=claims), key=key))

    def allocate(
        self,
        request: CandidateRequest | Mapping[str, int],
        *,
        project: str,
        user: str,
        consumer: str | None = None,
        type: str | None = None,  # noqa: A002 - as in Claim
        term: Term | Keep = KEEP,
        name: str | Keep = KEEP,
        note: str | Keep = KEEP,
        key: str | None = None,
    ) -> Grant:
        """Find where a request fits and claim it for a new consumer, in one step.

        It succeeds whenever there is room, regardless of concurrent claims. consumer: a new uuid if omitted; term: from
        when until when it counts, and by when a hold has to be confirmed; name, note: for people.
        Raises NothingFits with its funnel, ConsumerGenerationConflict if the consumer is not new; Unavailable with the
        consumer, so that it can be tried again without claiming twice.
        """
        request = as_request(request)
        new_uuid = made_uuid(key, "consumer", request, project, user, type) if consumer is None else consumer
        command = commands.Allocate(
            request=request, consumer=new_uuid, project=project, user=user, type=type, term=term, name=name, note=note
        )
        granted: Grant = self.do(command, key=key)
        return granted

    def reshape(
        self, inventories: Iterable[NewInventories], claims: Iterable[Claim] = (), *, key: str | None = None
    ) -> None:
        """Move inventories between providers together with their allocations, all or nothing."""
        return self._done(self.do(commands.Reshape(inventories=tuple(inventories), claims=tuple(claims)), key=key))
