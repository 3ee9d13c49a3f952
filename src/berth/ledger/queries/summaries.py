"""The queries of summaries: what needs a person, who holds the most, who holds what of a host, how full it was."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from berth.fleet.state.fleet import Fleet
from berth.fleet.views import attention as views
from berth.ledger.observer import CommitObservers
from berth.ledger.queries.largest_consumers import is_number
from berth.ledger.queries.leased_consumers import lease_fields
from berth.ledger.queries.provider_uuid import provider_uuid
from berth.ledger.queries.refused_claims import RefusedClaims
from berth.ledger.queries.report import TRIES, LogMoved, log_beginning, log_changes
from berth.ledger.queries.usage_levels import UsageLevels
from berth.ledger.write.subtree import subtree_of
from berth.ledger.write.writer import Writer
from berth.model.claim_life import life_of
from berth.model.errors import Invalid, Unavailable
from berth.model.plural import plural
from berth.model.report import HOUR_US
from berth.model.summaries import (
    Attention,
    ClassTrend,
    FreeHosts,
    HostHolding,
    HostHoldings,
    LargestUsers,
    RefusedClaimList,
    Trend,
    Trends,
    UserHoldings,
)
from berth.model.term import SECOND
from berth.store import consumer_pages, head
from berth.store.consumers import HolderRow

DAY_STEP: Final = HOUR_US // 2
DAY_STEPS: Final = 48
MONTH_STEP: Final = 12 * HOUR_US
MONTH_STEPS: Final = 60

MOST_PROVIDERS: Final = 5_000
"""The most providers of which holdings are returned at once: each is a parameter of a statement."""

MOST_CLASSES: Final = 32
"""The most classes in a trend: those that most providers have."""

FLEET_SHARE: Final = 20
"""How many providers a summary looks at in the time that it takes to return one."""


class SummaryQueries:
    """What the pages of the dashboard need beyond the verbs of a ledger; only on a ledger, not on a client."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.refused = RefusedClaims(writer.time.own)
        writer.observer = CommitObservers(self.refused)
        self._lock = threading.Lock()
        self._kept: tuple[tuple[int, int], Trends] | None = None

    def attention(self, *, limit: int = 20) -> Attention:
        """Return what in the fleet needs a person, up to a limit of each kind."""
        self._require_time()
        with self._writer.read() as fleet:
            return views.attention(fleet, limit)

    def refused_claims(self, *, within_s: int = 3600, project: str = "", limit: int = 20) -> RefusedClaimList:
        """Return the claims that this process refused lately, the latest first.

        within_s: in the last seconds; project: only those for it, "" for all.
        """
        found = self.refused.since(self._writer.time.own() - within_s * SECOND, project)
        return RefusedClaimList(found[:limit], len(found))

    def free_hosts(self, resource_class: str) -> FreeHosts:
        """Return how many hosts have how much of a class free. Raises ClassNotFound."""
        self._require_time()
        with self._writer.read() as fleet:
            return views.free_hosts(fleet, resource_class)

    def largest_users(self, resource_class: str, *, limit: int = 10) -> LargestUsers:
        """Return who holds the most of a class. Raises ClassNotFound."""
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            number = fleet.catalogue.class_id(resource_class)
            rows = consumer_pages.largest_users(connection, number, limit, fleet.lapses.instant)
        return LargestUsers(resource_class, [UserHoldings(*row) for row in rows])

    def host_holdings(self, uuid: str, *, limit: int = 100, after: str | None = None) -> HostHoldings:
        """Return a page of what consumers hold of a provider and of those below it, by consumer.

        limit: of consumers. Raises ProviderNotFound, Invalid.
        """
        if after and not is_number(after):
            raise Invalid(f"{after!r} is not the end of a page of holdings")
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            slots = [fleet.slot_of[each] for each in subtree_of(fleet, provider_uuid(fleet, uuid))]
            if len(slots) > MOST_PROVIDERS:
                below = plural(len(slots), "provider is", "providers are")
                raise Invalid(f"{below} below {uuid}: ask for the holders of one of them")
            slot_of = {int(fleet.id.values[slot]): slot for slot in slots}
            begin, now = int(after) if after else 0, fleet.lapses.instant
            rows = consumer_pages.holdings(connection, list(slot_of), begin, limit + 1, now)
            leased, known = lease_fields(fleet, connection, {row.uuid for _, row in rows}), self._writer.time.known
            ids = list(dict.fromkeys(row.consumer_id for _, row in rows))
            items: dict[tuple[int, int], HostHolding] = {}
            for provider, row in rows:
                if row.consumer_id in ids[:limit]:
                    key = row.consumer_id, provider
                    if key not in items:
                        items[key] = _holding(fleet, slot_of[provider], row, known, leased.get(row.uuid, {}))
                    items[key].resources[fleet.catalogue.name_of(row.class_id)] = row.amount
        return HostHoldings(list(items.values()), str(ids[limit - 1]) if len(ids) > limit else None)

    def trends(self) -> Trends:
        """Return how full the fleet was over the last day and the last thirty days, out of the change log.

        Computed once for each half hour and process. Raises ReportTooLong.
        """
        self._writer.require_time(long=True)
        with self._writer.database.reading() as connection:
            now = self._writer.time.at(head.read(connection))
        until = now - now % DAY_STEP
        key = self._writer.history_epoch, until
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == key:
            return kept[1]
        for _ in range(TRIES):
            with suppress(LogMoved):
                trends = self._read_trends(until)
                with self._lock:
                    self._kept = key, trends
                return trends
        raise Unavailable("the change log was archived while it was read")

    def _read_trends(self, until: int) -> Trends:
        """Return the trends up to an instant. Raises LogMoved, ReportTooLong."""
        day = _instants(until, DAY_STEP, DAY_STEPS)
        month = _instants(until, MONTH_STEP, MONTH_STEPS)
        levels = UsageLevels(sorted({*day, *month}))
        with self._writer.database.reading() as connection:
            beginning = log_beginning(connection)
        levels.load(beginning.books)
        for change in log_changes(self._writer, beginning.books.number, beginning.last):
            if not levels.enter(change):
                break
            self._writer.pause()
        levels.note_until(until)
        known = beginning.complete_from
        return Trends(day=_trend(levels, day, known), month=_trend(levels, month, known), damaged=len(levels.damaged))

    def _require_time(self) -> None:
        if len(self._writer.fleet.slot_of) // FLEET_SHARE > 1_000:
            self._writer.require_time(long=True)


def _instants(until: int, step: int, steps: int) -> list[int]:
    return [until - step * back for back in range(steps, -1, -1)]


def _trend(levels: UsageLevels, instants: Sequence[int], complete_from: int) -> Trend:
    noted = [levels.noted[instant] if instant >= complete_from else None for instant in instants]
    names = sorted(levels.classes(MOST_CLASSES))
    classes = [
        ClassTrend(
            name,
            [each and each[0].get(name, 0) for each in noted],
            [each and each[1].get(name, 0) for each in noted],
        )
        for name in names
    ]
    return Trend(instants[0], instants[1] - instants[0], classes)


def _holding(fleet: Fleet, slot: int, row: HolderRow, now: int, leased: dict[str, Any]) -> HostHolding:
    return HostHolding(
        provider=fleet.uuids[slot],
        name=fleet.names[slot],
        consumer=row.uuid,
        project=row.project,
        user=row.user,
        type=None if row.type_id is None else fleet.catalogue.name_of(row.type_id),
        resources={},
        since=row.start or row.updated_at,
        consumer_name=row.name,
        **life_of(row.start, row.end, row.deadline, now, **leased),
    )
