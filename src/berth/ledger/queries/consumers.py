"""The verbs that list consumers and projects, a page at a time."""

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
        """Consumers that are like that; ProviderNotFound, ClassNotFound; Invalid: LARGEST of no class."""
        if query.order is ConsumerOrder.LARGEST and not query.resource_class:
            raise Invalid("the largest consumers are those of one resource class: give the class as well")
        with self._writer.read_with_rows() as (fleet, connection):
            wanted = _wanted(fleet, query)
            if wanted is None:
                return ConsumerPage([], None)
            rows, marks = _page(connection, wanted, query.order, after or "", limit + 1)
            items = _items(fleet, connection, rows[:limit])
        return ConsumerPage(items, marks[limit - 1] if len(rows) > limit else None)

    def consumer(self, uuid: str) -> ConsumerDetails:
        """One consumer with all that it holds; AllocationsNotFound if it holds nothing."""
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
        """Projects by name, with what their consumers hold, by type."""
        with self._writer.read_with_rows() as (fleet, connection):
            rows = consumer_pages.projects(connection, after or "", limit + 1)
            shares = _shares(fleet, rows)
        shown = rows.names[:limit]
        items = [
            ProjectItem(
                project=name,
                consumers=sum(share.consumers for share in shares[name].values()),
                resources=_summed(share.resources for share in shares[name].values()),
                by_type=shares[name],
            )
            for name in shown
        ]
        return ProjectPage(items, shown[-1] if len(rows.names) > limit else None)

    # --- Allocations ---

    def allocations(self, consumer: str) -> ConsumerAllocations | None:
        """All that a consumer holds; None if it holds nothing."""
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
        """Who holds what of a provider; ProviderNotFound."""
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
        """Who holds what of a provider, by consumer; ProviderNotFound."""
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
        """What a project (or one of its users) holds, by type of consumer."""
        with self._writer.read_with_rows() as (fleet, connection):
            counts, amounts = stored.project_usage(connection, project, user)
            name_of = fleet.catalogue.name_of
            held: dict[int | None, Resources] = {}
            for kind, number, total in sorted(amounts, key=lambda row: (row[0] or 0, row[1])):
                held.setdefault(kind, {})[name_of(number)] = total
            return [
                TypeUsage(None if kind is None else name_of(kind), count, held.get(kind, {})) for kind, count in counts
            ]


def _wanted(fleet: Fleet, query: ConsumerQuery) -> ConsumerFilter | None:
    """The query in the database's numbers; None if no consumer can be like that."""
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
    connection: Connection, wanted: ConsumerFilter, order: ConsumerOrder, after: str, most: int
) -> tuple[list[ConsumerRow], list[str]]:
    """Rows, and for each what `after` takes to go on behind it."""
    if order is ConsumerOrder.LARGEST:
        found = consumer_pages.largest(connection, wanted, _mark(after), most)
        return [row for row, _ in found], [f"{amount}.{row.uuid}" for row, amount in found]
    if order is ConsumerOrder.OLDEST:
        rows = consumer_pages.oldest(connection, wanted, _mark(after), most)
        return rows, [f"{row.updated_at}.{row.uuid}" for row in rows]
    rows = consumer_pages.by_uuid(connection, wanted, after, most)
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


def _shares(fleet: Fleet, rows: consumer_pages.ProjectRows) -> dict[str, dict[str, TypeTotals]]:
    """What each project's consumers of each type hold."""
    shares: dict[str, dict[str, TypeTotals]] = defaultdict(dict)
    for name, kind, count in rows.counts:
        shares[name][_type(fleet, kind) or UNKNOWN_TYPE] = TypeTotals(count, {})
    for name, kind, number, total in rows.amounts:
        shares[name][_type(fleet, kind) or UNKNOWN_TYPE].resources[fleet.catalogue.name_of(number)] = total
    return shares


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
    it = _consumer(fleet, row)
    return HolderItem(it.uuid, it.project, it.user, it.type, it.generation, {}, row.updated_at)


def _generation(fleet: Fleet, uuid: str) -> int:
    return int(fleet.generation.values[fleet.slot(uuid)])
