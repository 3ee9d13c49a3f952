"""The query of usage reports: the change log is read once, page by page, with what was held at its beginning.

No transaction lasts for longer than a page: a report of a year must not keep a database from clearing what is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from berth.ledger import checkpoint
from berth.ledger.queries.usage_meter import UnitTimes, UsageMeter
from berth.ledger.replay import Books
from berth.ledger.write.writer import Writer
from berth.model.change import Change, NameKind
from berth.model.errors import ClassNotFound, Conflict, Invalid, ReportTooLong, Unavailable
from berth.model.report import DEFAULT_US, HOUR_US, MOST_ROWS, ReportBy, ReportRow, ReportTotal, UsageReport, report_by
from berth.model.request_validation import check_instant, check_limit
from berth.store import audit, changes, checkpoints, head

PAGE: Final = 50
"""How many changes are read at a time: other requests wait while a page is decoded, which is done in one go."""

TRIES: Final = 3
"""How often a report begins again because the beginning of the log was archived while it was read."""

MOST_S: Final = 90.0
"""How long after the deadline of other requests one with a report may take, in seconds."""

UNKNOWN: Final = "unknown"
"""The name of owners that the change log does not have."""


class LogMoved(Exception):
    """The change log does not continue where it was read: it was archived, or is of another history."""


@dataclass(frozen=True, slots=True)
class LogBeginning:
    """Where the log begins, and its last change. complete_from: the first instant at which what is held is known."""

    books: Books
    complete_from: int
    last: int


class ReportQueries:
    """Amount x time, out of the change log."""

    _writer: Writer

    def report(
        self,
        by: ReportBy | str = ReportBy.PROJECT,
        *,
        since: int | None = None,
        until: int | None = None,
        resource_class: str = "",
        project: str = "",
        limit: int = MOST_ROWS,
    ) -> UsageReport:
        """Return how much was held for how long, between two instants in microseconds since 1970 UTC.

        since: 30 days before `until` if None; until: now if None or later; resource_class, project: only of these.
        Raises Invalid, ClassNotFound, ReportTooLong.
        """
        check_limit(limit)
        check_instant(since, "/since")
        check_instant(until, "/until")
        self._writer.require_time(long=True)
        kind, (since, until) = report_by(by), self._span(since, until)
        for _ in range(TRIES):
            with suppress(LogMoved):
                meter, complete_from = self._metered(kind, since, until, project)
                self._check_class(resource_class, meter)
                return _report(meter, since, complete_from, resource_class, limit)
        raise Unavailable("the change log was archived while it was read")

    def _span(self, since: int | None, until: int | None) -> tuple[int, int]:
        """Return a span that has begun. Raises Invalid."""
        with self._writer.database.reading() as connection:
            now = self._writer.time.at(head.read(connection))
        end = now if until is None else min(until, now)
        begin = max(0, end - DEFAULT_US) if since is None else since
        if begin > now:
            raise Invalid("a report begins before now")
        if begin > end:
            raise Invalid("a report ends after it begins")
        return begin, end

    def _metered(self, by: ReportBy, since: int, until: int, project: str) -> tuple[UsageMeter, int]:
        """Return what the log adds up to, and from when on that is complete. Raises LogMoved, ReportTooLong."""
        epoch = self._writer.history_epoch
        with self._writer.database.reading() as connection:
            beginning = log_beginning(connection)
        complete_from = max(since, beginning.complete_from)
        meter = UsageMeter(by, complete_from, until, project)
        meter.load(beginning.books)
        for change in log_changes(self._writer, beginning.books.number, beginning.last):
            if not meter.enter(change):
                break
            self._writer.pause()
        for _ in meter.finish():
            self._writer.pause()
        with self._writer.read():  # it is noticed now if another history took this one's place
            if self._writer.history_epoch != epoch:
                raise LogMoved
        return meter, complete_from

    def _check_class(self, name: str, meter: UsageMeter) -> None:
        """Raise ClassNotFound if a report is restricted to a class that neither is nor was."""
        with self._writer.read() as fleet:
            known = fleet.catalogue.get(NameKind.CLASS, name) is not None
        if name and not known and not meter.has_counted(name):
            raise ClassNotFound(name)


def log_changes(writer: Writer, number: int, last: int) -> Iterator[Change]:
    """Yield the changes after a number, up to the last one. Raises LogMoved, ReportTooLong."""
    while number < last:
        if writer.is_overdue(MOST_S):
            raise ReportTooLong(last - number)
        with writer.database.reading() as connection:
            page = changes.page(connection, number, min(PAGE, last - number))
        if not page or page[0].number != number + 1:
            raise LogMoved
        yield from page
        number = page[-1].number


def log_beginning(connection: Connection) -> LogBeginning:
    """Return the state that the log begins with. Raises Conflict if it is damaged."""
    books, findings = checkpoint.load(connection)
    if findings:
        raise Conflict(f"There can be no report: {findings[0]}. `berth db verify` says more.")
    sealed, last = checkpoints.last(connection), head.read(connection).number
    first: list[int] = []
    if sealed != checkpoints.NONE:
        # Nothing changed between the change of the checkpoint, whose time is in the archive, and what comes next.
        first += [each.row["at"] for each in audit.page(connection, sealed.archived, 1)]
        first += [each.at for each in changes.page(connection, books.number, 1)]
    return LogBeginning(books, min(first, default=0), last)


def _report(meter: UsageMeter, since: int, complete_from: int, resource_class: str, limit: int) -> UsageReport:
    totals = [each for each in _totals(meter) if resource_class in ("", each.resource_class)]
    capacity = {each.resource_class: each.capacity_us or 0 for each in totals}
    rows = sorted(_rows(meter, capacity), key=lambda row: (row.resource_class, -row.held_us, row.name, row.key or ""))
    return UsageReport(
        by=meter.by,
        since=since,
        until=meter.until,
        complete_from=min(complete_from, meter.until),
        rows=rows[:limit],
        totals=totals,
        left_out=len(rows[limit:]),
        damaged=sorted(meter.damaged),
    )


def _totals(meter: UsageMeter) -> Iterator[ReportTotal]:
    held, capacity = _by_class(meter.held), _by_class(meter.capacity)
    for name in sorted(held.keys() | capacity.keys()):
        yield ReportTotal(**_amounts(name, held.get(name, 0), capacity.get(name, 0)))


def _rows(meter: UsageMeter, capacity: dict[str, int]) -> Iterator[ReportRow]:
    """Yield a row for each key and class of those whose capacity is given; by class also for those not held."""
    held: dict[tuple[str | None, str], int] = dict(meter.held)
    if meter.by is ReportBy.CLASS:
        held = {(name, name): held.get((name, name), 0) for name in capacity}
    for (key, name), amount in held.items():
        if name in capacity:
            there_was = meter.capacity.get((key, name), 0) if meter.by is ReportBy.HOST else capacity[name]
            shown = UNKNOWN if key is None else meter.host_name(key) if meter.by is ReportBy.HOST else key
            yield ReportRow(key=key, name=shown, **_amounts(name, amount, there_was))


def _amounts(name: str, held: int, capacity: int) -> dict[str, Any]:
    return {
        "resource_class": name,
        "held_us": held,
        "hours": held / HOUR_US,
        "capacity_us": capacity,
        "share": held / capacity if capacity else None,
    }


def _by_class(amounts: UnitTimes) -> dict[str, int]:
    total: dict[str, int] = {}
    for (_, name), amount in amounts.items():
        total[name] = total.get(name, 0) + amount
    return total
