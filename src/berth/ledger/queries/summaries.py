"""The queries of summaries: what needs a person, who holds the most, who holds what of a host, how full it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Final

from berth.fleet.state.fleet import Fleet
from berth.fleet.views import attention as views
from berth.ledger.audit.usage_rewind import MOST_CLASSES as MOST_IN_SAMPLE
from berth.ledger.audit.usage_series import (
    UNKNOWN,
    FleetMoment,
    UsageSeries,
    day_instants,
    month_instants,
    usage_series,
)
from berth.ledger.observer import CommitObservers
from berth.ledger.queries.largest_consumers import is_number
from berth.ledger.queries.leased_consumers import lease_fields
from berth.ledger.queries.provider_uuid import provider_uuid
from berth.ledger.queries.refused_claims import RefusedClaims
from berth.ledger.write.subtree import subtree_of
from berth.ledger.write.writer import Writer
from berth.model.claim_life import life_of
from berth.model.errors import Invalid
from berth.model.plural import plural
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
from berth.store import consumer_pages, head
from berth.store.consumers import HolderRow
from berth.store.usage_samples import ClassLevels

MOST_PROVIDERS: Final = 5_000
"""The most providers of which holdings are returned at once: each is a parameter of a statement."""

MOST_CLASSES: Final = 32
"""The most classes in a trend: those that most providers have."""

LEAST_LEFT_S: Final = 8.0
"""How much time a request with a trend leaves before its deadline, in seconds."""

FLEET_SHARE: Final = 20
"""How many providers a summary looks at in the time that it takes to return one."""


class SummaryQueries:
    """What the pages of the dashboard need beyond the verbs of a ledger; only on a ledger, not on a client."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.refused = RefusedClaims(writer)
        writer.observer = CommitObservers(self.refused)

    def attention(self, *, limit: int = 20) -> Attention:
        """Return what in the fleet needs a person, up to a limit of each kind."""
        self._require_time()
        with self._writer.read() as fleet:
            return views.attention(fleet, limit)

    def refused_claims(self, *, within_s: int = 3600, project: str = "", limit: int = 20) -> RefusedClaimList:
        """Return the claims that were refused lately, by any process of this ledger, the latest first.

        within_s: in the last seconds, at most a day; project: only those for it, "" for all. Those that another process
        refused are there after some seconds.
        """
        return self.refused.lately(within_s, project, limit)

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
        """Return how full the fleet was over the last day and the last thirty days.

        Out of samples that all processes share; of what was since the last one, out of the change log. A request that
        would read too much of that leaves the rest unknown: the server makes samples of it in the background.
        """
        self._writer.require_time(long=True)
        series, names = self._usage_series(self._has_time)
        day = _trend(series, day_instants(series.until), names)
        month = _trend(series, month_instants(series.until), names)
        damaged = {each.damaged for each in series.samples.values() if each.damaged is not None}
        return Trends(day=day, month=month, damaged=len(damaged), complete=series.complete)

    def keep_usage(self, goes_on: Callable[[], bool]) -> None:
        """Keep how full the fleet was, up to now. goes_on: see usage_series. Raises Unavailable."""
        self._usage_series(goes_on)

    def _usage_series(self, goes_on: Callable[[], bool]) -> tuple[UsageSeries, dict[int, str]]:
        """Return the samples, and the names of the classes that most providers have, by their numbers."""
        names: dict[int, str] = {}

        @contextmanager
        def moment() -> Iterator[FleetMoment]:
            with self._writer.read_with_rows() as (fleet, connection):
                sizes = {number: len(column) for number, column in fleet.columns.items() if len(column)}
                most = sorted(sizes, key=lambda number: (-sizes[number], number))[:MOST_CLASSES]
                names.update((number, fleet.catalogue.name_of(number)) for number in most)
                yield FleetMoment(fleet, connection, head.read(connection).position, self._writer.time.known)

        return usage_series(self._writer.database, moment, goes_on), names

    def _has_time(self) -> bool:
        """Pause if need be. Return whether the present request may go on with a long log."""
        self._writer.pause()
        return not self._writer.is_overdue(-LEAST_LEFT_S)

    def _require_time(self) -> None:
        if len(self._writer.fleet.slot_of) // FLEET_SHARE > 1_000:
            self._writer.require_time(long=True)


def _trend(series: UsageSeries, instants: Sequence[int], names: Mapping[int, str]) -> Trend:
    samples = [series.samples.get(instant, UNKNOWN).levels for instant in instants]
    classes = []
    for number, name in sorted(names.items(), key=itemgetter(1)):
        levels = [_levels(each, number) for each in samples]
        held, capacity = ([each and each[place] for each in levels] for place in (0, 1))
        classes.append(ClassTrend(name, held, capacity))
    return Trend(instants[0], instants[1] - instants[0], classes)


def _levels(sample: ClassLevels | None, number: int) -> tuple[int, int] | None:
    """Return what a sample says of a class. A full one does not say of those that it lacks that there was nothing."""
    if sample is None or (number not in sample and len(sample) >= MOST_IN_SAMPLE):
        return None
    return sample.get(number, (0, 0))


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
