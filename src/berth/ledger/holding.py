"""The verbs that ask who holds what: consumers are many, and stand in the database only."""

from __future__ import annotations

from berth.fleet.fleet import Fleet
from berth.ledger.core import Core
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    Held,
    Holder,
    ProviderAllocations,
    Resources,
    TypeUsage,
)
from berth.model.pages import HolderItem, HolderPage
from berth.model.sound import canonical
from berth.store import consumers as stored


class Holding:
    """Each asks the database by index, and names what it finds from the fleet of the same moment."""

    core: Core

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

    def holders(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HolderPage:
        """Who holds what of a provider, by consumer; ProviderNotFound."""
        with self.core.current_rows() as (fleet, connection):
            slot = fleet.slot(canonical(uuid))
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
        with self.core.current_rows() as (fleet, connection):
            counts, amounts = stored.project_usage(connection, project, user)
            name_of = fleet.catalogue.name_of
            held: dict[int | None, Resources] = {}
            for kind, number, total in sorted(amounts, key=lambda row: (row[0] or 0, row[1])):
                held.setdefault(kind, {})[name_of(number)] = total
            return [
                TypeUsage(None if kind is None else name_of(kind), count, held.get(kind, {})) for kind, count in counts
            ]


def _consumer(fleet: Fleet, row: stored.ConsumerRow | stored.HolderRow) -> Consumer:
    kind = None if row.type_id is None else fleet.catalogue.name_of(row.type_id)
    return Consumer(row.uuid, row.generation, row.project, row.user, kind)


def _holder(fleet: Fleet, row: stored.HolderRow) -> HolderItem:
    it = _consumer(fleet, row)
    return HolderItem(it.uuid, it.project, it.user, it.type, it.generation, {}, row.updated_at)


def _generation(fleet: Fleet, uuid: str) -> int:
    return int(fleet.generation.values[fleet.slot(uuid)])
