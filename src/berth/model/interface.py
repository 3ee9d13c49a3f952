"""The verbs: what can be asked and done, wherever the ledger is. Two implementations: the ledger, and a client of one.

Reading is what each of them does in its own way. Writing is done here, once: arguments become commands.
"""

from __future__ import annotations

import uuid as uuids
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
from berth.model.funnel import Funnel
from berth.model.inventory import Inventory
from berth.model.overview import FleetMap, MapQuery, Overview, ProviderDetails, ProviderFilter, ProviderPage
from berth.model.pages import HolderPage, NameItem
from berth.model.provider import (
    InventoryUsage,
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
)
from berth.model.record import ProviderRecord, RecordOutcome
from berth.model.request import CandidateRequest, ProviderQuery
from berth.model.token import IssuedToken, TokenInfo, TokenSpec
from berth.model.validation import validated


class LedgerReader(Protocol):
    """The reading verbs. Each answers from what is committed when it is called, by whichever process.

    uuids may be given in any spelling and come back canonical. Unavailable may be raised by all: the
    ledger cannot be reached, and asking again is safe.
    """

    @abstractmethod
    def close(self) -> None:
        """End all connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def head(self) -> int:
        """The number of the last change."""

    @abstractmethod
    def find(self, request: CandidateRequest) -> Candidates:
        """Where a request fits; ClassNotFound, TraitsNotFound."""

    @abstractmethod
    def explain(self, request: CandidateRequest) -> Funnel:
        """What each constraint of a request takes away; names that do not exist are a part of the answer."""

    @abstractmethod
    def overview(self) -> Overview:
        """The whole fleet in a few numbers."""

    @abstractmethod
    def map(self, query: MapQuery = MapQuery()) -> FleetMap:  # noqa: B008 - it is frozen
        """The fleet, or a part of it, as cells: hosts or groups of them; ClassNotFound, TraitsNotFound, Invalid."""

    @abstractmethod
    def search(
        self,
        asked: ProviderFilter = ProviderFilter(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ProviderPage:
        """Providers that are like that, by a part of the name and so on; ClassNotFound, TraitsNotFound."""

    @abstractmethod
    def details(self, uuid: str) -> ProviderDetails:
        """One provider with all that it has, and its tree; ProviderNotFound."""

    @abstractmethod
    def providers(self, query: ProviderQuery = ProviderQuery()) -> list[Provider]:  # noqa: B008 - it is frozen
        """Every provider that is like that; ClassNotFound, TraitsNotFound."""

    @abstractmethod
    def provider(self, uuid: str) -> Provider:
        """One provider; ProviderNotFound."""

    @abstractmethod
    def records(self) -> Iterator[ProviderRecord]:
        """Every provider with all that it has, parents before their children."""

    @abstractmethod
    def inventories(self, uuid: str) -> ProviderInventories:
        """All that a provider has; ProviderNotFound."""

    @abstractmethod
    def inventory(self, uuid: str, resource_class: str) -> InventoryUsage:
        """What a provider has of one class; ProviderNotFound, InventoryNotFound."""

    @abstractmethod
    def usages(self, uuid: str) -> ProviderUsages:
        """How much of a provider is held; ProviderNotFound."""

    @abstractmethod
    def traits(self, uuid: str) -> ProviderTraits:
        """A provider's traits; ProviderNotFound."""

    @abstractmethod
    def aggregates(self, uuid: str) -> ProviderAggregates:
        """A provider's aggregates; ProviderNotFound."""

    @abstractmethod
    def names(self, kind: NameKind) -> list[NameItem]:
        """Every name of a kind, with how many providers have it; of aggregates those that somebody is in."""

    @abstractmethod
    def classes(self) -> list[CatalogueEntry]:
        """Every resource class."""

    @abstractmethod
    def resource_class(self, name: str) -> CatalogueEntry:
        """One resource class; ClassNotFound."""

    @abstractmethod
    def trait_names(self, *, associated: bool | None = None) -> list[CatalogueEntry]:
        """Every trait; or only those that some provider has (True), or none has (False)."""

    @abstractmethod
    def trait(self, name: str) -> CatalogueEntry:
        """One trait; TraitsNotFound."""

    @abstractmethod
    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """All that a consumer holds; None if it holds nothing."""

    @abstractmethod
    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Who holds what of a provider; ProviderNotFound."""

    @abstractmethod
    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """What a project (or one of its users) holds, by type of consumer."""

    @abstractmethod
    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Who holds what of a provider, by consumer; ProviderNotFound."""

    @abstractmethod
    def consumers(
        self,
        query: ConsumerQuery = ConsumerQuery(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ConsumerPage:
        """Consumers that are like that; ProviderNotFound, ClassNotFound; Invalid: LARGEST of no class."""

    @abstractmethod
    def consumer(self, uuid: str) -> ConsumerDetails:
        """One consumer with all that it holds; AllocationsNotFound if it holds nothing."""

    @abstractmethod
    def projects(self, *, limit: int = 100, after: str | None = None) -> ProjectPage:
        """Projects by name, with what their consumers hold, by type."""

    @abstractmethod
    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> list[AuditRecord]:
        """What was done to a provider or a consumer, newest first, whether it is there still or not."""

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
        """At most so many records of the audit log that are like this, newest first; before: a record's number."""

    # --- Who may come in ---

    @abstractmethod
    def tokens(self) -> list[TokenInfo]:
        """Every API token that there ever was, oldest first, without its text or any hash of it."""

    @abstractmethod
    def create_token(self, wanted: TokenSpec) -> IssuedToken:
        """A new token with its text, which nobody can be told again; Invalid, TokenExists."""

    @abstractmethod
    def rotate_token(self, name: str, *, grace_seconds: int = 0) -> IssuedToken:
        """Another text for a token; the old one stays good for so long. Invalid, TokenNotFound."""

    @abstractmethod
    def revoke_token(self, name: str) -> None:
        """A token is good for nothing any more, in every process; TokenNotFound."""

    @abstractmethod
    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Unusual activity that ended within this span, in microseconds since 1970 UTC: look at it."""

    @abstractmethod
    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Every change after this number (None: from now on) as it comes, without end."""

    @abstractmethod
    def changes(self, after: int = 0, most: int = 100) -> list[Change]:
        """At most so many entries of the change log, after this number."""


class LedgerInterface(LedgerReader, Protocol):
    """All verbs. A writing verb returns when its change is durable, or raises a Refusal and has changed nothing."""

    @abstractmethod
    def _do(self, command: Command) -> Any:
        """Carry a sound command out; returns what it comes to."""

    def do(self, command: Command) -> Any:
        """Carry any command out; returns what it comes to. Invalid, if it makes no sense as it is."""
        return self._do(validated(command))

    # --- Providers ---

    def create_provider(self, name: str, *, uuid: str | None = None, parent: str | None = None) -> Provider:
        """A new provider, with a uuid of its own if none is given; ProviderExists, ParentNotFound, ParentIsSelf."""
        given = str(uuids.uuid4()) if uuid is None else uuid
        created: Provider = self.do(commands.CreateProvider(uuid=given, name=name, parent=parent))
        return created

    def update_provider(self, uuid: str, *, name: str | Keep = KEEP, parent: str | Keep | None = KEEP) -> Provider:
        """Another name, another parent (None: a root of its own), or both; ProviderNotFound, TreeLoop ..."""
        updated: Provider = self.do(commands.UpdateProvider(uuid=uuid, name=name, parent=parent))
        return updated

    def delete_provider(self, uuid: str) -> None:
        """A provider goes; ProviderNotFound, ProviderHasChildren, ProviderInUse."""
        self.do(commands.DeleteProvider(uuid=uuid))

    def put_records(self, records: Sequence[ProviderRecord]) -> list[RecordOutcome]:
        """Bring providers in with all that they have, in one commit; returns what became of each record.

        Records that are refused are left out, with the reason; classes and traits that do not exist yet
        are made. A record that changes nothing is no write, so the same records may come again.
        """
        outcomes: list[RecordOutcome] = self.do(commands.PutRecords(records=tuple(records)))
        return outcomes

    # --- What providers have ---

    def set_inventories(
        self, uuid: str, inventories: Mapping[str, Inventory], *, generation: Generation = UNCHECKED
    ) -> ProviderInventories:
        """All that a provider has from now on; GenerationConflict, InventoryInUse, ReservedExceedsTotal ..."""
        self.do(commands.SetInventories(uuid=uuid, inventories=dict(inventories), generation=generation))
        return self.inventories(uuid)

    def delete_inventory(self, uuid: str, resource_class: str) -> None:
        """One inventory goes; InventoryNotFound, InventoryInUse."""
        self.do(commands.DeleteInventory(uuid=uuid, resource_class=resource_class))

    def set_traits(self, uuid: str, names: Iterable[str], *, generation: Generation = UNCHECKED) -> ProviderTraits:
        """A provider's traits from now on; GenerationConflict, TraitsNotFound."""
        self.do(commands.SetTraits(uuid=uuid, traits=frozenset(names), generation=generation))
        return self.traits(uuid)

    def set_aggregates(
        self, uuid: str, aggregates: Iterable[str], *, generation: Generation = UNCHECKED
    ) -> ProviderAggregates:
        """A provider's aggregates from now on; GenerationConflict."""
        self.do(commands.SetAggregates(uuid=uuid, aggregates=tuple(aggregates), generation=generation))
        return self.aggregates(uuid)

    # --- Names ---

    def create_class(self, name: str, *, exist_ok: bool = True) -> bool:
        """A custom resource class; returns whether it is new. InvalidName, ClassExists."""
        new: bool = self.do(commands.CreateClass(name=name, exist_ok=exist_ok))
        return new

    def delete_class(self, name: str) -> None:
        """A custom resource class goes; ClassNotFound, StandardName, ClassInUse."""
        self.do(commands.DeleteClass(name=name))

    def create_trait(self, name: str) -> bool:
        """A custom trait; returns whether it is new. InvalidName."""
        new: bool = self.do(commands.CreateTrait(name=name))
        return new

    def delete_trait(self, name: str) -> None:
        """A custom trait goes; TraitsNotFound, StandardName, TraitInUse."""
        self.do(commands.DeleteTrait(name=name))

    # --- Claims ---

    def claim(self, *claims: Claim) -> None:
        """Write what consumers hold, all or none; CapacityExceeded, UnitsViolated, ConsumerGenerationConflict ..."""
        self.do(commands.SetAllocations(claims=claims))

    def allocate(
        self,
        request: CandidateRequest,
        *,
        project: str,
        user: str,
        consumer: str | None = None,
        type: str | None = None,  # noqa: A002 - as in Claim
    ) -> Grant:
        """Find where a request fits and claim it for a new consumer, in one step; NothingFits, with its funnel.

        It is never refused while there is room, however many ask at once. consumer: a uuid of its own if
        none is given; ConsumerGenerationConflict if it is not new.
        """
        given = str(uuids.uuid4()) if consumer is None else consumer
        command = commands.Allocate(request=request, consumer=given, project=project, user=user, type=type)
        granted: Grant = self.do(command)
        return granted

    def release(self, consumer: str) -> None:
        """A consumer holds nothing any more; AllocationsNotFound."""
        self.do(commands.ReleaseAllocations(consumer=consumer))

    def reshape(self, inventories: Iterable[NewInventories], claims: Iterable[Claim] = ()) -> None:
        """Move inventories between providers together with what is held of them, all or nothing."""
        self.do(commands.Reshape(inventories=tuple(inventories), claims=tuple(claims)))
