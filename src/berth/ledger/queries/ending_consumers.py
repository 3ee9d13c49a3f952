"""Consumers whose claims are pending or end soon: known in memory, so that a page of them reads no others."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.fleet.state.lapses import NEVER
from berth.model.claim_life import ClaimState
from berth.model.consumer import ConsumerOrder, ConsumerQuery
from berth.model.errors import Invalid
from berth.model.term import LONGEST_S, SECOND
from berth.store import consumer_pages
from berth.store.consumer_pages import ConsumerFilter
from berth.store.consumers import ConsumerRow

MOST_LOOKED_UP: Final = 5_000
"""Of more consumers than this, rows are read in their order until a page is full: it soon is."""


def check_life(query: ConsumerQuery) -> None:
    """Raise Invalid if no claim can be as a query says."""
    if query.state is ClaimState.AHEAD:
        raise Invalid(f"the state is pending, confirmed or overdue: no claim is {query.state} yet")
    if query.state is ClaimState.OVERDUE and query.order is ConsumerOrder.LARGEST:
        raise Invalid("consumers whose leases are overdue are listed by uuid or by age, not by size")
    if query.due is not None and not 0 <= query.due <= LONGEST_S:
        raise Invalid(f"due is a time of 0 to {LONGEST_S} seconds, not {query.due}")


def life_conditions(query: ConsumerQuery, now: int) -> dict[str, Any]:
    """Return the fields of a ConsumerFilter about time. now: in microseconds since 1970 UTC."""
    pending = None if query.state is None else query.state is ClaimState.PENDING
    return {"pending": pending, "due_by": _last_due(query, now)}


def _last_due(query: ConsumerQuery, now: int) -> int | None:
    """Return the last instant at which a claim may end, as a query says; None: any."""
    return None if query.due is None else now + query.due * SECOND


def ending_uuids(fleet: Fleet, query: ConsumerQuery, now: int) -> list[str] | None:
    """Return which consumers may match a query about ends and holds; None if it is about others, or they are many."""
    if query.due is None and query.state is not ClaimState.PENDING:
        return None
    last, ahead = _last_due(query, now) or NEVER, fleet.lapses.ahead.items()
    due = ((uuid, each.pending) for uuid, each in ahead if each.due <= last)
    pending = query.state is ClaimState.PENDING
    found = [uuid for uuid, is_pending in due if query.state is None or is_pending == pending]
    return found if len(found) <= MOST_LOOKED_UP else None


def by_uuid(
    connection: Connection, filter_: ConsumerFilter, found: list[str] | None, after: str, most: int
) -> list[ConsumerRow]:
    """Return consumers that match, in the order of their uuids. found: the only ones that may; None: any."""
    if found is None:
        return consumer_pages.by_uuid(connection, filter_, after, most)
    behind = sorted(uuid for uuid in found if uuid > after)
    return sorted(consumer_pages.some_of(connection, filter_, behind, most), key=lambda row: row.uuid)[:most]


def oldest(
    connection: Connection, filter_: ConsumerFilter, found: list[str] | None, after: int, most: int
) -> list[ConsumerRow]:
    """Return consumers that match, those first that hold something the longest. found: as of `by_uuid`."""
    if found is None:
        return consumer_pages.oldest(connection, filter_, after, most)
    rows = consumer_pages.some_of(connection, filter_, found, len(found))
    return sorted((row for row in rows if row.id > after), key=lambda row: row.id)[:most]
