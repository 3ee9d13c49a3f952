"""Queries of projects: what the consumers of each hold, by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from berth.fleet.state.fleet import Fleet
from berth.ledger.queries.totals import project_total
from berth.ledger.write.writer import Writer
from berth.model.consumer import ProjectItem, ProjectPage, Resources, TypeTotals, TypeUsage
from berth.model.names import UNKNOWN_TYPE
from berth.model.request_validation import check_limit
from berth.store import consumer_pages
from berth.store import consumers as stored
from berth.store.consumer_totals import Total


class ProjectQueries:
    """Queries of projects, which exist as long as they have consumers: sums over the rows of these."""

    _writer: Writer

    def projects(
        self, *, name: str = "", totals: bool = True, limit: int = 100, after: str | None = None
    ) -> ProjectPage:
        """Return a page of projects by name, with what their consumers hold, by type.

        name: only those with this in their names, ignoring case; totals: False leaves out what they hold, which takes
        as long as they have consumers. Raises Invalid.
        """
        check_limit(limit)
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            now = fleet.lapses.instant
            rows = consumer_pages.projects(connection, after or "", limit + 1, now, name, totals=totals)
            total = None if after else project_total(connection, rows.names, limit, now, name)
            if not totals:
                return _counted_projects(rows, limit, total)
            totals_by_type = _totals_by_type(fleet, rows)
        shown = rows.names[:limit]
        items = [
            ProjectItem(
                project=project,
                consumers=sum(each.consumers for each in totals_by_type[project].values()),
                resources=summed(each.resources for each in totals_by_type[project].values()),
                by_type=totals_by_type[project],
            )
            for project in shown
        ]
        return ProjectPage(items, shown[-1] if len(rows.names) > limit else None, *(total or ()))

    def project_usages(self, project: str, user: str | None = None) -> list[TypeUsage]:
        """Return what a project (or one of its users) holds, by type of consumer."""
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            counts, amounts = stored.project_usage(connection, project, user, fleet.lapses.instant)
            name_of = fleet.catalogue.name_of
            held: dict[int | None, Resources] = {}
            for kind, number, total in sorted(amounts, key=lambda row: (row[0] or 0, row[1])):
                held.setdefault(kind, {})[name_of(number)] = total
            return [
                TypeUsage(None if kind is None else name_of(kind), count, held.get(kind, {})) for kind, count in counts
            ]


def _totals_by_type(fleet: Fleet, rows: consumer_pages.ProjectRows) -> dict[str, dict[str, TypeTotals]]:
    """Return what each project's consumers of each type hold."""
    totals: dict[str, dict[str, TypeTotals]] = defaultdict(dict)
    for name, kind, count in rows.counts:
        totals[name][_type(fleet, kind) or UNKNOWN_TYPE] = TypeTotals(count, {})
    for name, kind, number, total in rows.amounts:
        totals[name][_type(fleet, kind) or UNKNOWN_TYPE].resources[fleet.catalogue.name_of(number)] = total
    return totals


def _counted_projects(rows: consumer_pages.ProjectRows, limit: int, total: Total | None) -> ProjectPage:
    """Return a page of projects with the numbers of their consumers, and nothing of what they hold."""
    count_of, shown = {name: count for name, _, count in rows.counts}, rows.names[:limit]
    items = [ProjectItem(name, count_of.get(name, 0), {}, {}) for name in shown]
    return ProjectPage(items, shown[-1] if len(rows.names) > limit else None, *(total or ()))


def summed(each: Iterable[Resources]) -> Resources:
    """Return amounts, added up by class."""
    total: Resources = {}
    for resources in each:
        for name, amount in resources.items():
            total[name] = total.get(name, 0) + amount
    return total


def _type(fleet: Fleet, number: int | None) -> str | None:
    return None if number is None else fleet.catalogue.name_of(number)
