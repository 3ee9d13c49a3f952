"""The ledger's verbs: everything that Berth can do, without HTTP."""

from __future__ import annotations

import logging
import uuid as uuids
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from berth.fleet import reading
from berth.fleet.early import ends_early, list_ends_early
from berth.fleet.find import find
from berth.fleet.fleet import Fleet
from berth.ledger.core import Core
from berth.model import commands
from berth.model.candidate import Candidates
from berth.model.change import Change, Kind, Named
from berth.model.commands import KEEP, UNCHECKED, Claim, Command, Generation, Marker, NewInventories
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    Held,
    Holder,
    ProviderAllocations,
    Resources,
    TypeUsage,
)
from berth.model.errors import ClassNotFound, Invalid, InvalidAmount, InventoryNotFound, TraitsNotFound
from berth.model.inventory import Inventory, checked
from berth.model.names import canonical_uuid
from berth.model.provider import (
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
    Stocked,
)
from berth.model.record import ProviderRecord, RecordOutcome
from berth.model.request import CandidateRequest, ProviderQuery
from berth.store import changes as change_log
from berth.store import consumers as stored
from berth.store import grants, migrate
from berth.store.engine import Database

_LOG = logging.getLogger("berth")


class Ledger:
    """An open ledger. Safe to share between threads.

    Every reading verb answers from what is committed when it is called, by whichever process; every
    writing verb returns when its change is durable, or raises a Refusal and has changed nothing.
    uuids may be given in any spelling and come back canonical. Unavailable may be raised by all:
    the database is away, and asking again is safe.
    """

    def __init__(self, database: Database, actor: str = "") -> None:
        self.core = Core(database)
        self.actor = actor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Carry out what is queued and close all connections."""
        self.core.close()

    # --- Any command ---

    def queue(self, command: Command, actor: str | None = None, request: str | None = None) -> Future[Any]:
        """Line a command up for the next call of `work`; the future gets its result or its refusal."""
        return self.core.queue(command, self.actor if actor is None else actor, request or f"req-{uuids.uuid4()}")

    def work(self) -> None:
        """Carry out every queued command, together in as few durable commits as can be."""
        self.core.work()

    def submit(self, command: Command) -> Future[Any]:
        """Carry a command out now, with whatever else is queued."""
        answer = self.queue(command)
        self.work()
        return answer

    def _do(self, command: Command) -> Any:
        return self.submit(command).result()

    # --- Finding ---

    def find(self, request: CandidateRequest) -> Candidates:
        """Where a request fits; ClassNotFound, TraitsNotFound."""
        with self.core.current() as fleet:
            return find(fleet, request)

    def ends_early(self, request: CandidateRequest | ProviderQuery) -> bool:
        """Whether what was refused for an unknown name has a part before it that finds nothing anyway.

        The Placement API then answers with nothing instead of refusing.
        """
        with self.core.current() as fleet:
            if isinstance(request, ProviderQuery):
                return list_ends_early(fleet, request)
            return ends_early(fleet, request)

    def providers(self, query: ProviderQuery = ProviderQuery()) -> list[Provider]:  # noqa: B008 - it is frozen
        """Every provider that is like that; ClassNotFound, TraitsNotFound."""
        with self.core.current() as fleet:
            return reading.providers(fleet, query)

    # --- Providers ---

    def provider(self, uuid: str) -> Provider:
        """One provider; ProviderNotFound."""
        with self.core.current() as fleet:
            return reading.provider(fleet, canonical(uuid))

    def need_provider(self, uuid: str) -> None:
        """ProviderNotFound, if there is no such provider."""
        with self.core.current() as fleet:
            fleet.slot(uuid)

    def create_provider(self, name: str, *, uuid: str | None = None, parent: str | None = None) -> Provider:
        """A new provider, with a uuid of its own if none is given; ProviderExists, ParentNotFound, ParentIsSelf."""
        given = str(uuids.uuid4()) if uuid is None else canonical(uuid)
        above = None if parent is None else canonical(parent)
        created: Provider = self._do(commands.CreateProvider(uuid=given, name=name, parent=above))
        return created

    def update_provider(self, uuid: str, *, name: str | Marker = KEEP, parent: str | Marker | None = KEEP) -> Provider:
        """Another name, another parent (None: a root of its own), or both; ProviderNotFound, TreeLoop ..."""
        above = canonical(parent) if isinstance(parent, str) else parent
        updated: Provider = self._do(commands.UpdateProvider(uuid=canonical(uuid), name=name, parent=above))
        return updated

    def delete_provider(self, uuid: str) -> None:
        """A provider goes; ProviderNotFound, ProviderHasChildren, ProviderInUse."""
        self._do(commands.DeleteProvider(uuid=canonical(uuid)))

    def put_records(self, records: Sequence[ProviderRecord]) -> list[RecordOutcome]:
        """Bring providers in with all that they have, in one commit; returns what became of each record.

        Records that are refused are left out, with the reason; classes and traits that do not exist yet
        are made. A record that changes nothing is no write, so the same records may come again.
        """
        new = tuple(str(uuids.uuid4()) for _ in records)
        outcomes: list[RecordOutcome] = self._do(commands.PutRecords(records=tuple(records), new_uuids=new))
        return outcomes

    def records(self) -> Iterator[ProviderRecord]:
        """Every provider with all that it has, as of now, parents before their children."""
        with self.core.current() as fleet:
            return iter(list(reading.records(fleet)))

    # --- What providers have ---

    def inventories(self, uuid: str) -> ProviderInventories:
        """All that a provider has; ProviderNotFound."""
        with self.core.current() as fleet:
            return reading.inventories(fleet, canonical(uuid))

    def inventory(self, uuid: str, resource_class: str) -> Stocked:
        """What a provider has of one class; ProviderNotFound, InventoryNotFound."""
        found = self.inventories(uuid).inventories.get(resource_class)
        if found is None:
            raise InventoryNotFound(uuid, resource_class)
        return found

    def set_inventories(
        self, uuid: str, inventories: Mapping[str, Inventory], *, generation: Generation = UNCHECKED
    ) -> ProviderInventories:
        """All that a provider has from now on; GenerationConflict, InventoryInUse, ReservedExceedsTotal ..."""
        given = {name: checked(inventory) for name, inventory in inventories.items()}
        self._do(commands.SetInventories(uuid=canonical(uuid), inventories=given, generation=generation))
        return self.inventories(uuid)

    def delete_inventory(self, uuid: str, resource_class: str) -> None:
        """One inventory goes; InventoryNotFound, InventoryInUse."""
        self._do(commands.DeleteInventory(uuid=canonical(uuid), resource_class=resource_class))

    def usages(self, uuid: str) -> ProviderUsages:
        """How much of a provider is held; ProviderNotFound."""
        with self.core.current() as fleet:
            return reading.usages(fleet, canonical(uuid))

    def traits(self, uuid: str) -> ProviderTraits:
        """A provider's traits; ProviderNotFound."""
        with self.core.current() as fleet:
            return reading.traits(fleet, canonical(uuid))

    def set_traits(self, uuid: str, names: Iterable[str], *, generation: Generation = UNCHECKED) -> ProviderTraits:
        """A provider's traits from now on; GenerationConflict, TraitsNotFound."""
        self._do(commands.SetTraits(uuid=canonical(uuid), traits=frozenset(names), generation=generation))
        return self.traits(uuid)

    def aggregates(self, uuid: str) -> ProviderAggregates:
        """A provider's aggregates; ProviderNotFound."""
        with self.core.current() as fleet:
            return reading.aggregates(fleet, canonical(uuid))

    def set_aggregates(
        self, uuid: str, aggregates: Iterable[str], *, generation: Generation = UNCHECKED
    ) -> ProviderAggregates:
        """A provider's aggregates from now on; GenerationConflict."""
        given = tuple(dict.fromkeys(map(canonical, aggregates)))
        self._do(commands.SetAggregates(uuid=canonical(uuid), aggregates=given, generation=generation))
        return self.aggregates(uuid)

    # --- Names ---

    def classes(self) -> list[Named]:
        """Every resource class."""
        return self._named(Kind.CLASS)

    def resource_class(self, name: str) -> Named:
        """One resource class; ClassNotFound."""
        with self.core.current() as fleet:
            named = fleet.catalogue.get(Kind.CLASS, name)
        if named is None:
            raise ClassNotFound(name)
        return named

    def create_class(self, name: str, *, exist_ok: bool = True) -> bool:
        """A custom resource class; returns whether it is new. InvalidName, ClassExists."""
        new: bool = self._do(commands.CreateClass(name=name, exist_ok=exist_ok))
        return new

    def delete_class(self, name: str) -> None:
        """A custom resource class goes; ClassNotFound, StandardName, ClassInUse."""
        self._do(commands.DeleteClass(name=name))

    def trait_names(self, *, associated: bool | None = None) -> list[Named]:
        """Every trait; or only those that some provider has (True), or none has (False)."""
        with self.core.current() as fleet:
            every = list(fleet.catalogue.all(Kind.TRAIT))
            in_use = set() if associated is None else reading.associated_traits(fleet)
        return [named for named in every if associated is None or (named.id in in_use) == associated]

    def trait(self, name: str) -> Named:
        """One trait; TraitsNotFound."""
        with self.core.current() as fleet:
            named = fleet.catalogue.get(Kind.TRAIT, name)
        if named is None:
            raise TraitsNotFound([name])
        return named

    def create_trait(self, name: str) -> bool:
        """A custom trait; returns whether it is new. InvalidName."""
        new: bool = self._do(commands.CreateTrait(name=name))
        return new

    def delete_trait(self, name: str) -> None:
        """A custom trait goes; TraitsNotFound, StandardName, TraitInUse."""
        self._do(commands.DeleteTrait(name=name))

    def _named(self, kind: Kind) -> list[Named]:
        with self.core.current() as fleet:
            return list(fleet.catalogue.all(kind))

    # --- Claims ---

    def claim(self, *claims: Claim) -> None:
        """Write what consumers hold, all or none; CapacityExceeded, UnitsViolated, ConsumerGenerationConflict ..."""
        self._do(commands.SetAllocations(claims=tuple(map(_canonical_claim, claims))))

    def release(self, consumer: str) -> None:
        """A consumer holds nothing any more; AllocationsNotFound."""
        self._do(commands.ReleaseAllocations(consumer=canonical(consumer)))

    def reshape(self, inventories: Iterable[NewInventories], claims: Iterable[Claim] = ()) -> None:
        """Move inventories between providers together with what is held of them, all or nothing."""
        given = tuple(
            NewInventories(
                uuid=canonical(each.uuid),
                inventories={name: checked(inventory) for name, inventory in each.inventories.items()},
                generation=each.generation,
            )
            for each in inventories
        )
        self._do(commands.Reshape(inventories=given, claims=tuple(map(_canonical_claim, claims))))

    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """All that a consumer holds; None if it holds nothing."""
        with self.core.current_rows() as (fleet, connection):
            rows = stored.by_uuid(connection, [canonical(consumer)])
            if not rows:
                return None
            held: dict[str, Resources] = {}
            for each in stored.held_by(connection, [rows[0].id]):
                held.setdefault(each.provider, {})[fleet.catalogue.name_of(each.class_id)] = each.amount
            return ConsumerAllocations(
                _consumer(fleet, rows[0]),
                [Held(uuid, _generation(fleet, uuid), resources) for uuid, resources in held.items()],
                rows[0].updated_at,
            )

    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Who holds what of a provider; ProviderNotFound."""
        with self.core.current_rows() as (fleet, connection):
            slot = fleet.slot(canonical(uuid))
            holders: dict[str, Holder] = {}
            newest = 0
            for row in stored.holders_of(connection, int(fleet.id.values[slot])):
                holder = holders.setdefault(row.uuid, Holder(_consumer(fleet, row), {}))
                holder.resources[fleet.catalogue.name_of(row.class_id)] = row.amount
                newest = max(newest, row.updated_at)
            return ProviderAllocations(int(fleet.generation.values[slot]), list(holders.values()), newest)

    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """What a project (or one of its users) holds, by type of consumer."""
        with self.core.current_rows() as (fleet, connection):
            counts, amounts = stored.project_usage(connection, project, user)
            name_of = fleet.catalogue.name_of
            held: dict[int | None, Resources] = {}
            for kind, number, total in sorted(amounts, key=lambda row: (row[0] or 0, row[1])):
                held.setdefault(kind, {})[name_of(number)] = total
            return [
                TypeUsage(None if kind is None else name_of(kind), count, held.get(kind, {})) for kind, count in counts
            ]

    # --- History ---

    def changes(self, after: int = 0, most: int = 100) -> list[Change]:
        """At most so many entries of the change log, after this number."""
        with self.core.database.reading() as connection:
            return change_log.page(connection, after, most)


def open_ledger(url: str, *, actor: str = "") -> Ledger:
    """Open the ledger in a database, for example sqlite:///berth.db (made and migrated if need be).

    actor: the name that the change log gives to whoever writes through this ledger. Raises
    DatabaseUnusable with one clear sentence if the database cannot be used.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        return Ledger(database, actor)
    except BaseException:
        database.close()
        raise


def prepare_ledger(url: str) -> None:
    """Make sure that a ledger could be opened here, without taking its fleet in; DatabaseUnusable as open_ledger.

    What whoever runs this should know of the role it runs as, and of the server, is logged as warnings.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        for sentence in grants.advice(database):
            _LOG.warning(sentence)
    finally:
        database.close()


def canonical(uuid: str) -> str:
    """The canonical spelling of a uuid; Invalid if it is none."""
    known = canonical_uuid(uuid)
    if known is None:
        raise Invalid(f"{uuid!r} is no uuid")
    return known


def _canonical_claim(claim: Claim) -> Claim:
    allocations = {canonical(uuid): resources for uuid, resources in claim.allocations.items()}
    if len(allocations) != len(claim.allocations):
        raise Invalid("a claim names the same provider twice")
    for resources in allocations.values():
        if not resources or min(resources.values()) < 1:
            raise InvalidAmount("a claim asks for amounts of at least 1 of at least one class of each provider")
    return Claim(
        consumer=canonical(claim.consumer),
        allocations=allocations,
        project=claim.project,
        user=claim.user,
        generation=claim.generation,
        type=claim.type,
    )


def _consumer(fleet: Fleet, row: stored.ConsumerRow | stored.HolderRow) -> Consumer:
    kind = None if row.type_id is None else fleet.catalogue.name_of(row.type_id)
    return Consumer(row.uuid, row.generation, row.project, row.user, kind)


def _generation(fleet: Fleet, uuid: str) -> int:
    return int(fleet.generation.values[fleet.slot(uuid)])
