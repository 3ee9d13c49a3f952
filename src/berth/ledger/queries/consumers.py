"""Queries of consumers, projects and allocations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.writer import Writer
from berth.model.change import NameKind
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    ConsumerDetails,
    ConsumerItem,
    ConsumerOrder,
    ConsumerPage,
    ConsumerQuery,
    Holder,
    ProjectItem,
    ProjectPage,
    ProviderAllocations,
    ProviderHolding,
    Resources,
    TypeTotals,
    TypeUsage,
)
from berth.model.errors import AllocationsNotFound, Invalid
from berth.model.names import UNKNOWN_TYPE
from berth.model.pages import HolderItem, HolderPage
from berth.model.validation import canonical_uuid
from berth.store import consumer_pages
from berth.store import consumers as stored
from berth.store.consumer_pages import ConsumerFilter, Mark
from berth.store.consumers import ConsumerRow


class ConsumerQueries:
    """Queries of consumers and allocations: database rows by index, named from the fleet of the same moment."""

    _writer: Writer

    def consumers(
        self,
        query: ConsumerQuery = ConsumerQuery(),  # noqa: B008 - it is frozen
        *,
        limit: int = 100,
        after: str | None = None,
    ) -> ConsumerPage:
        """Return a page of matching consumers. Raises ProviderNotFound, ClassNotFound; Invalid: LARGEST of no class."""
        if query.order is ConsumerOrder.LARGEST and not query.resource_class:
            raise Invalid("the largest consumers are those of one resource class: give the class as well")
        with self._writer.read_with_rows() as (fleet, connection):
            filter_ = _compile_filter(fleet, query)
            if filter_ is None:
                return ConsumerPage([], None)
            rows, marks = _page(connection, filter_, query.order, after or "", limit + 1)
            items = _items(fleet, connection, rows[:limit])
        return ConsumerPage(items, marks[limit - 1] if len(rows) > limit else None)

    def consumer(self, uuid: str) -> ConsumerDetails:
        """Return a consumer with all that it holds. Raises AllocationsNotFound if it holds nothing."""
        with self._writer.read_with_rows() as (fleet, connection):
            rows = stored.by_uuid(connection, [canonical_uuid(uuid)])
            if not rows:
                raise AllocationsNotFound(uuid)
            row = rows[0]
            held = _held_by(fleet, connection, row)
            return ConsumerDetails(
                uuid=row.uuid,
                project=row.project,
                user=row.user,
                type=_type(fleet, row.type_id),
                generation=row.generation,
                updated_at=row.updated_at,
                resources=_summed(held.values()),
                allocations=held,
                provider_generations={each: _generation(fleet, each) for each in held},
            )

    def projects(self, *, limit: int = 100, after: str | None = None) -> ProjectPage:
        """Return a page of projects by name, with what their consumers hold, by type."""
        with self._writer.read_with_rows() as (fleet, connection):
            rows = consumer_pages.projects(connection, after or "", limit + 1)
            totals = _totals_by_type(fleet, rows)
        shown = rows.names[:limit]
        items = [
            ProjectItem(
                project=name,
                consumers=sum(each.consumers for each in totals[name].values()),
                resources=_summed(each.resources for each in totals[name].values()),
                by_type=totals[name],
            )
            for name in shown
        ]
        return ProjectPage(items, shown[-1] if len(rows.names) > limit else None)

    # --- Allocations ---

    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """Return all that a consumer holds, or None if it holds nothing."""
        with self._writer.read_with_rows() as (fleet, connection):
            rows = stored.by_uuid(connection, [canonical_uuid(consumer)])
            if not rows:
                return None
            held = _held_by(fleet, connection, rows[0])
            return ConsumerAllocations(
                _consumer(fleet, rows[0]),
                [ProviderHolding(uuid, _generation(fleet, uuid), resources) for uuid, resources in held.items()],
                rows[0].updated_at,
            )

    def allocations_of(self, uuid: str) -> ProviderAllocations:
        """Return which consumers hold what of a provider. Raises ProviderNotFound."""
        with self._writer.read_with_rows() as (fleet, connection):
            slot = fleet.slot(canonical_uuid(uuid))
            holders: dict[str, Holder] = {}
            newest = 0
            for row in stored.holders_of(connection, int(fleet.id.values[slot])):
                holder = holders.setdefault(row.uuid, Holder(_consumer(fleet, row), {}))
                holder.resources[fleet.catalogue.name_of(row.class_id)] = row.amount
                newest = max(newest, row.updated_at)
            return ProviderAllocations(int(fleet.generation.values[slot]), list(holders.values()), newest)

    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Return a page of the consumers that hold something of a provider. Raises ProviderNotFound."""
        with self._writer.read_with_rows() as (fleet, connection):
            slot = fleet.slot(canonical_uuid(uuid))
            rows = stored.holders_of(connection, int(fleet.id.values[slot]))
            items: dict[str, HolderItem] = {}
            for row in sorted(rows, key=lambda row: row.uuid):
                if after is None or row.uuid > after:
                    items.setdefault(row.uuid, _holder(fleet, row)).resources[fleet.catalogue.name_of(row.class_id)] = (
                        row.amount
                    )
            shown = list(items.values())[:limit]
            more = len(items) > limit
            return HolderPage(int(fleet.generation.values[slot]), shown, shown[-1].consumer if more else None)

    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """Return what a project (or one of its users) holds, by type of consumer."""
        with self._writer.read_with_rows() as (fleet, connection):
            counts, amounts = stored.project_usage(connection, project, user)
            name_of = fleet.catalogue.name_of
            held: dict[int | None, Resources] = {}
            for kind, number, total in sorted(amounts, key=lambda row: (row[0] or 0, row[1])):
                held.setdefault(kind, {})[name_of(number)] = total
            return [
                TypeUsage(None if kind is None else name_of(kind), count, held.get(kind, {})) for kind, count in counts
            ]


def _compile_filter(fleet: Fleet, query: ConsumerQuery) -> ConsumerFilter | None:
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
        provider_id=int(fleet.id.values[fleet.slot(canonical_uuid(query.provider))]) if query.provider else None,
        class_id=fleet.catalogue.class_id(query.resource_class) if query.resource_class else None,
    )


def _page(
    connection: Connection, filter_: ConsumerFilter, order: ConsumerOrder, after: str, most: int
) -> tuple[list[ConsumerRow], list[str]]:
    """Return rows, and for each the value of `after` with which the next page begins behind it."""
    if order is ConsumerOrder.LARGEST:
        amounts = consumer_pages.largest(connection, filter_, _mark(after), most)
        return [row for row, _ in amounts], [f"{amount}.{row.uuid}" for row, amount in amounts]
    if order is ConsumerOrder.OLDEST:
        rows = consumer_pages.oldest(connection, filter_, _mark(after), most)
        return rows, [f"{row.updated_at}.{row.uuid}" for row in rows]
    rows = consumer_pages.by_uuid(connection, filter_, after, most)
    return rows, [row.uuid for row in rows]


def _mark(after: str) -> Mark | None:
    if not after:
        return None
    value, _, uuid = after.partition(".")
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Invalid(f"{after!r} is not where a page of this order ends")
    return Mark(int(value), uuid)


def _items(fleet: Fleet, connection: Connection, rows: list[ConsumerRow]) -> list[ConsumerItem]:
    held: dict[int, Resources] = defaultdict(dict)
    for each in stored.held_by(connection, [row.id for row in rows]):
        resources, name = held[each.consumer_id], fleet.catalogue.name_of(each.class_id)
        resources[name] = resources.get(name, 0) + each.amount
    return [
        ConsumerItem(
            uuid=row.uuid,
            project=row.project,
            user=row.user,
            type=_type(fleet, row.type_id),
            generation=row.generation,
            updated_at=row.updated_at,
            resources=held[row.id],
        )
        for row in rows
    ]


def _held_by(fleet: Fleet, connection: Connection, consumer: ConsumerRow) -> dict[str, Resources]:
    """Return what a consumer holds, by provider and class."""
    held: dict[str, Resources] = {}
    for each in stored.held_by(connection, [consumer.id]):
        held.setdefault(each.provider, {})[fleet.catalogue.name_of(each.class_id)] = each.amount
    return held


def _totals_by_type(fleet: Fleet, rows: consumer_pages.ProjectRows) -> dict[str, dict[str, TypeTotals]]:
    """Return what each project's consumers of each type hold."""
    totals: dict[str, dict[str, TypeTotals]] = defaultdict(dict)
    for name, kind, count in rows.counts:
        totals[name][_type(fleet, kind) or UNKNOWN_TYPE] = TypeTotals(count, {})
    for name, kind, number, total in rows.amounts:
        totals[name][_type(fleet, kind) or UNKNOWN_TYPE].resources[fleet.catalogue.name_of(number)] = total
    return totals


def _summed(each: Iterable[Resources]) -> Resources:
    total: Resources = {}
    for resources in each:
        for name, amount in resources.items():
            total[name] = total.get(name, 0) + amount
    return total


def _type(fleet: Fleet, number: int | None) -> str | None:
    return None if number is None else fleet.catalogue.name_of(number)


def _consumer(fleet: Fleet, row: stored.ConsumerRow | stored.HolderRow) -> Consumer:
    return Consumer(row.uuid, row.generation, row.project, row.user, _type(fleet, row.type_id))


def _holder(fleet: Fleet, row: stored.HolderRow) -> HolderItem:
    consumer = _consumer(fleet, row)
    return HolderItem(
        consumer.uuid, consumer.project, consumer.user, consumer.type, consumer.generation, {}, row.updated_at
    )


def _generation(fleet: Fleet, uuid: str) -> int:
    return int(fleet.generation.values[fleet.slot(uuid)])
