"""Queries of consumers, projects and allocations."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.queries import ending_consumers
from berth.ledger.queries.claim_ends import claim_end
from berth.ledger.queries.ending_consumers import check_life, ending_uuids, life_conditions
from berth.ledger.queries.largest_consumers import LargestConsumers, is_number
from berth.ledger.queries.leased_consumers import lease_fields, overdue_consumers
from berth.ledger.queries.named_consumers import consumer_uuid, name_conditions
from berth.ledger.queries.projects import summed
from berth.ledger.queries.provider_uuid import provider_uuid
from berth.ledger.queries.totals import consumer_total
from berth.ledger.write.subtree import subtree_of
from berth.ledger.write.writer import Writer
from berth.model.change import NameKind
from berth.model.claim_life import ClaimState, life_of
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    ConsumerDetails,
    ConsumerItem,
    ConsumerOrder,
    ConsumerPage,
    ConsumerQuery,
    Holder,
    ProviderAllocations,
    ProviderHolding,
    Resources,
)
from berth.model.errors import (
    MOST_NAMED,
    AllocationsNotFound,
    CapacityExceeded,
    Invalid,
    InventoryInUse,
    ProviderInUse,
    Refusal,
    TreeInUse,
)
from berth.model.names import UNKNOWN_TYPE, parse_uuid
from berth.model.pages import HolderItem, HolderPage
from berth.model.request_validation import check_limit
from berth.store import consumer_pages
from berth.store import consumers as stored
from berth.store.consumer_pages import ConsumerFilter
from berth.store.consumers import ConsumerRow

MOST_ASKED: Final = 1_000
"""How many providers of a tree are asked for their holders for a refusal."""

MOST_COUNTED: Final = 1_000
"""How many holders of a provider are counted for a refusal."""


class ConsumerQueries:
    """Queries of consumers and allocations: database rows by index, named from the fleet of the same moment."""

    _writer: Writer
    _largest: LargestConsumers

    def consumers(
        self,
        query: ConsumerQuery = ConsumerQuery(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ConsumerPage:
        """Return a page of matching consumers.

        Raises ProviderNotFound, ClassNotFound; Invalid: LARGEST of no class, a state or a time that no claim can have.
        """
        if query.order is ConsumerOrder.LARGEST and not query.resource_class:
            raise Invalid("the largest consumers are those of one resource class: give the class as well")
        check_limit(limit)
        check_life(query)
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            now = self._writer.time.known
            if query.provider:
                query = replace(query, provider=provider_uuid(fleet, query.provider))
            filter_ = _compile_filter(fleet, query, now)
            if filter_ is None:
                return ConsumerPage([], None, total=0)
            found = None
            if query.order is ConsumerOrder.LARGEST:
                rows, next_ = self._largest.page(connection, filter_, query, after or "", limit)
            else:
                found = _possible(fleet, connection, query, now)
                rows, next_ = _page(connection, filter_, query, found, after or "", limit)
            total = None if after else consumer_total(connection, filter_, found, len(rows), more=bool(next_))
            return ConsumerPage(_items(fleet, connection, rows, now), next_, *(total or ()))

    def consumer(self, uuid: str) -> ConsumerDetails:
        """Return a consumer, by uuid or name, with all that it holds. Raises AllocationsNotFound, ConsumerAmbiguous."""
        with self._writer.read_with_rows() as (fleet, connection):
            row = _row(fleet, connection, uuid)
            if row is None:
                raise AllocationsNotFound(uuid, claim_end(fleet, connection, uuid))
            held, leased = _held_by(fleet, connection, row), lease_fields(fleet, connection, [row.uuid])
            return ConsumerDetails(
                uuid=row.uuid,
                project=row.project,
                user=row.user,
                type=_type(fleet, row.type_id),
                generation=row.generation,
                updated_at=row.updated_at,
                resources=summed(held.values()),
                allocations=held,
                provider_generations={each: _generation(fleet, each) for each in held},
                name=row.name,
                note=row.note,
                **life_of(row.start, row.end, row.deadline, self._writer.time.known, **leased.get(row.uuid, {})),
            )

    def project_of(self, consumer: str) -> str | None:
        """Return a consumer's project, or None if it holds nothing."""
        with self._writer.read_with_rows() as (fleet, connection):
            uuid = consumer_uuid(fleet, connection, consumer)
            return None if uuid in fleet.lapses.lapsed else stored.project(connection, uuid)

    # --- Allocations ---

    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """Return all that a consumer holds, or None if it holds nothing."""
        with self._writer.read_with_rows() as (fleet, connection):
            row = _row(fleet, connection, consumer)
            if row is None:
                return None
            held = _held_by(fleet, connection, row)
            return ConsumerAllocations(
                _consumer(fleet, row),
                [ProviderHolding(uuid, _generation(fleet, uuid), resources) for uuid, resources in held.items()],
                row.updated_at,
            )

    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Return which consumers hold what of a provider. Raises ProviderNotFound."""
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            slot = fleet.slot(provider_uuid(fleet, uuid))
            holders: dict[str, Holder] = {}
            newest = 0
            for row in stored.holders_of(connection, fleet.id.item(slot), fleet.lapses.instant):
                holder = holders.setdefault(row.uuid, Holder(_consumer(fleet, row), {}))
                holder.resources[fleet.catalogue.name_of(row.class_id)] = row.amount
                newest = max(newest, row.updated_at)
            return ProviderAllocations(fleet.generation.item(slot), list(holders.values()), newest)

    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Return a page of the consumers that hold something of a provider. Raises ProviderNotFound, Invalid."""
        check_limit(limit)
        begin = _number(after) if after else 0
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            slot = fleet.slot(provider_uuid(fleet, uuid))
            provider_id = fleet.id.item(slot)
            rows = consumer_pages.holders(connection, provider_id, begin, limit + 1, fleet.lapses.instant)
            leased, now = lease_fields(fleet, connection, {row.uuid for row in rows}), self._writer.time.known
            items: dict[int, HolderItem] = {}
            for row in rows:
                item = items.get(row.consumer_id)
                if item is None:
                    item = items[row.consumer_id] = _holder(fleet, row, now, leased.get(row.uuid, {}))
                item.resources[fleet.catalogue.name_of(row.class_id)] = row.amount
            generation = fleet.generation.item(slot)
        ids = list(items)
        return HolderPage(generation, list(items.values())[:limit], str(ids[limit - 1]) if len(ids) > limit else None)


def name_holders(writer: Writer, refusal: Refusal) -> None:
    """Add to a refusal who holds the provider now. Leave it unchanged if the provider is gone."""
    if not isinstance(refusal, CapacityExceeded | InventoryInUse | ProviderInUse | TreeInUse):
        return
    uuid = refusal.uuid if isinstance(refusal, ProviderInUse | TreeInUse) else refusal.provider
    writer.require_time()
    with writer.read_with_rows() as (fleet, connection):
        if uuid not in fleet.slot_of:
            return
        now = fleet.lapses.instant
        uuids = subtree_of(fleet, uuid) if isinstance(refusal, TreeInUse) else [uuid]
        ids = [int(fleet.id.values[fleet.slot_of[each]]) for each in uuids][:MOST_ASKED]
        holders: dict[int, Holder] = {}
        for row in consumer_pages.some_holders(connection, ids, MOST_NAMED, now):
            held = holders.setdefault(row.consumer_id, Holder(_consumer(fleet, row), {})).resources
            name = fleet.catalogue.name_of(row.class_id)
            held[name] = held.get(name, 0) + row.amount
        count = consumer_pages.count_holders(connection, ids, MOST_COUNTED, now)
    refusal.holders, refusal.holder_count = tuple(holders.values()), count


def _compile_filter(fleet: Fleet, query: ConsumerQuery, now: int) -> ConsumerFilter | None:
    """Return the query with ids instead of names, or None if no consumer can match."""
    type_id = None
    if query.type and query.type != UNKNOWN_TYPE:
        type_id = fleet.catalogue.id_of(NameKind.TYPE, query.type)
        if type_id is None:
            return None
    return ConsumerFilter(
        project=query.project,
        user=query.user,
        type_id=type_id,
        untyped=query.type == UNKNOWN_TYPE,
        provider_id=int(fleet.id.values[fleet.slot(query.provider)]) if query.provider else None,
        class_id=fleet.catalogue.class_id(query.resource_class) if query.resource_class else None,
        now=fleet.lapses.instant,
        **life_conditions(query, now) | name_conditions(query),
    )


def _possible(fleet: Fleet, connection: Connection, query: ConsumerQuery, now: int) -> list[str] | None:
    """Return the only consumers that may match a query, by what is in memory; None: any."""
    found = ending_uuids(fleet, query, now)
    if query.state is not ClaimState.OVERDUE:
        return found
    overdue = overdue_consumers(fleet, connection)
    return overdue if found is None else sorted(set(overdue) & set(found))


def _page(
    connection: Connection,
    filter_: ConsumerFilter,
    query: ConsumerQuery,
    found: list[str] | None,
    after: str,
    limit: int,
) -> tuple[list[ConsumerRow], str | None]:
    """Return the rows of a page, and the value of `after` for the next one (None: at the end). Raises Invalid.

    found: the only consumers that may match, None if that is not known.
    """
    if query.order is ConsumerOrder.OLDEST:
        begin = _number(_rest(query.order, after)) if after else 0
        rows = ending_consumers.oldest(connection, filter_, found, begin, limit + 1)
        return rows[:limit], f"oldest.{rows[limit - 1].id}" if rows[limit:] else None
    rows = ending_consumers.by_uuid(connection, filter_, found, _uuid(after) if after else "", limit + 1)
    return rows[:limit], rows[limit - 1].uuid if rows[limit:] else None


def _rest(order: ConsumerOrder, after: str) -> str:
    """Return the end of a page without the order, which it begins with. Raises Invalid if it is of another one."""
    name, _, rest = after.partition(".")
    if name != order:
        raise Invalid(f"{after!r} is not the end of a page in this order")
    return rest


def _uuid(text: str) -> str:
    """Return the uuid behind which the next page begins. Raises Invalid."""
    uuid = parse_uuid(text)
    if uuid is None:
        raise Invalid(f"{text!r} is not the end of a page in this order")
    return uuid


def _number(text: str) -> int:
    """Return the number with which the next page begins. Raises Invalid."""
    if not is_number(text):
        raise Invalid(f"{text!r} is not the end of a page in this order")
    return int(text)


def _items(fleet: Fleet, connection: Connection, rows: list[ConsumerRow], now: int) -> list[ConsumerItem]:
    held: dict[int, Resources] = defaultdict(dict)
    for consumer_id, class_id, amount in stored.totals(connection, [row.id for row in rows]):
        held[consumer_id][fleet.catalogue.name_of(class_id)] = amount
    leased = lease_fields(fleet, connection, [row.uuid for row in rows])
    return [
        ConsumerItem(
            uuid=row.uuid,
            project=row.project,
            user=row.user,
            type=_type(fleet, row.type_id),
            generation=row.generation,
            updated_at=row.updated_at,
            resources=held[row.id],
            name=row.name,
            note=row.note,
            **life_of(row.start, row.end, row.deadline, now, **leased.get(row.uuid, {})),
        )
        for row in rows
    ]


def _row(fleet: Fleet, connection: Connection, consumer: str) -> ConsumerRow | None:
    """Return a consumer's row, or None if it has nothing that counts. Raises ConsumerNotFound, ConsumerAmbiguous."""
    uuid = consumer_uuid(fleet, connection, consumer)
    rows = stored.by_uuid(connection, [uuid])
    return rows[0] if rows and uuid not in fleet.lapses.lapsed else None


def _held_by(fleet: Fleet, connection: Connection, consumer: ConsumerRow) -> dict[str, Resources]:
    """Return what a consumer holds, by provider and class."""
    held: dict[str, Resources] = {}
    for each in stored.held_by(connection, [consumer.id]):
        held.setdefault(each.provider, {})[fleet.catalogue.name_of(each.class_id)] = each.amount
    return held


def _type(fleet: Fleet, number: int | None) -> str | None:
    return None if number is None else fleet.catalogue.name_of(number)


def _consumer(fleet: Fleet, row: stored.ConsumerRow | stored.HolderRow) -> Consumer:
    return Consumer(row.uuid, row.generation, row.project, row.user, _type(fleet, row.type_id), row.name)


def _holder(fleet: Fleet, row: stored.HolderRow, now: int, leased: dict[str, Any]) -> HolderItem:
    return HolderItem(
        row.uuid,
        row.project,
        row.user,
        _type(fleet, row.type_id),
        row.generation,
        {},
        row.updated_at,
        row.name,
        row.note,
        **life_of(row.start, row.end, row.deadline, now, **leased),
    )


def _generation(fleet: Fleet, uuid: str) -> int:
    return int(fleet.generation.values[fleet.slot(uuid)])
