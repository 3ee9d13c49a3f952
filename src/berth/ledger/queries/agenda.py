"""The query of the agenda: what ends next. Of rows it reads those of one page only."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.fleet.state.lapses import NEVER, Ending
from berth.ledger.queries.leases import overdue
from berth.ledger.queries.totals import agenda_total
from berth.ledger.write.writer import Writer
from berth.model.agenda import Agenda, AgendaEvent, AgendaHolding, AgendaItem
from berth.model.consumer import Resources
from berth.model.errors import Invalid
from berth.model.lease import LeaseInfo
from berth.model.names import parse_uuid
from berth.model.request_validation import check_instant, check_limit
from berth.model.term import SECOND
from berth.store import consumers as stored
from berth.store.consumers import ConsumerRow

MOST_OVERDUE: Final = 100
"""How many leases that are overdue an agenda names."""

_Due = tuple[int, str]
"""When a consumer's claim counts no more, and its uuid."""


class AgendaQueries:
    """The agenda: known in memory, with the owners of one page from rows of the same moment."""

    _writer: Writer

    def agenda(
        self, *, until: int | None = None, project: str = "", limit: int = 100, after: str | None = None
    ) -> Agenda:
        """Return which claims end and which holds lapse next, the earliest first. Raises Invalid."""
        check_limit(limit)
        check_instant(until, "/until")
        begin = _mark(after) if after else (0, "")
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            now, last = self._writer.time.known, NEVER if until is None else until
            ahead = ((each.due, uuid) for uuid, each in fleet.lapses.ahead.items() if each.due <= last)
            behind = (each for each in ahead if each > begin)
            items: list[AgendaItem] = []
            silent = self._overdue(fleet, connection, project) if after is None else []
            found = sorted(behind) if project else heapq.nsmallest(limit + 1, behind)
            for some in _pages(found, limit + 1):
                items += _items(fleet, connection, some, project, now)
                if len(items) > limit:
                    break
            more = len(items) > limit
            total = None if after else agenda_total(fleet, connection, project, last, len(items[:limit]), more=more)
        last_shown = items[limit - 1] if len(items) > limit else None
        next_ = f"{last_shown.at}.{last_shown.consumer}" if last_shown else None
        return Agenda(now, items[:limit], next_, silent, *(total or ()))

    def _overdue(self, fleet: Fleet, connection: Connection, project: str) -> list[LeaseInfo]:
        """Return the leases that are overdue; without a query if there has never been a lease."""
        return overdue(connection, fleet.leased.counts, project, MOST_OVERDUE) if self._writer.time.beat else []


def _pages(found: list[_Due], size: int) -> Iterator[list[_Due]]:
    return (found[at : at + size] for at in range(0, len(found), size))


def _items(fleet: Fleet, connection: Connection, dues: list[_Due], project: str, now: int) -> Iterator[AgendaItem]:
    rows = {row.uuid: row for row in stored.by_uuid(connection, [uuid for _, uuid in dues])}
    for due, uuid in dues:
        row = rows.get(uuid)
        if row is not None and (not project or row.project == project):
            yield _item(fleet, row, due, now)


def _item(fleet: Fleet, row: ConsumerRow, due: int, now: int) -> AgendaItem:
    return AgendaItem(
        at=due,
        in_s=-((now - due) // SECOND),
        event=AgendaEvent.LAPSES if due == row.deadline else AgendaEvent.ENDS,
        consumer=row.uuid,
        project=row.project,
        user=row.user,
        type=None if row.type_id is None else fleet.catalogue.name_of(row.type_id),
        held=_held(fleet, fleet.lapses.ahead[row.uuid]),
        name=row.name,
    )


def _held(fleet: Fleet, ending: Ending) -> list[AgendaHolding]:
    held: dict[int, Resources] = {}
    for (slot, number), amount in ending.amounts:
        held.setdefault(slot, {})[fleet.catalogue.name_of(number)] = amount
    return [AgendaHolding(fleet.uuids[slot], fleet.names[slot], resources) for slot, resources in held.items()]


def _mark(after: str) -> _Due:
    """Return the claim behind which the next page begins. Raises Invalid."""
    due, _, uuid = after.partition(".")
    canonical = parse_uuid(uuid)
    if canonical is None or not (due.isascii() and due.isdigit() and len(due) < 20):
        raise Invalid(f"{after!r} is not the end of a page of the agenda")
    return int(due), canonical
