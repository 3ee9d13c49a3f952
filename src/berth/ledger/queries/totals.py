"""How many there are of what a first page begins: counted only if there are more than that page has."""

from __future__ import annotations

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.store import consumer_totals
from berth.store.consumer_pages import ConsumerFilter
from berth.store.consumer_totals import Total


def consumer_total(
    connection: Connection, filter_: ConsumerFilter, found: list[str] | None, shown: int, *, more: bool
) -> Total:
    """Return how many consumers match.

    found: the only ones that may match, None if that is not known; shown: how many are on the first page; more: whether
    there are others.
    """
    if not more:
        return Total(shown, bounded=False)
    if found is not None:
        return _at_least(shown + 1, consumer_totals.among(connection, filter_, found))
    return _at_least(shown + 1, consumer_totals.matching(connection, filter_))


def _at_least(number: int, total: Total) -> Total:
    """Return a total that is not below what is known: counting may have ended before it met those of the first page."""
    return total._replace(number=max(number, total.number))


def project_total(connection: Connection, names: list[str], limit: int, now: int | None, part: str) -> Total:
    """Return how many projects there are; at least how many, if only those with this part in their names are asked for.

    names: of the first page, and of one more if there is one. now: as of `store.consumers.counted`.
    """
    if len(names) <= limit or part:
        return Total(len(names), bounded=len(names) > limit)
    return _at_least(len(names), consumer_totals.projects(connection, now))


def agenda_total(fleet: Fleet, connection: Connection, project: str, last: int, shown: int, *, more: bool) -> Total:
    """Return how many claims end by an instant. shown, more: as of `consumer_total`."""
    if not more:
        return Total(shown, bounded=False)
    due = [uuid for uuid, each in fleet.lapses.ahead.items() if each.due <= last]
    if project:
        return _at_least(shown + 1, consumer_totals.among(connection, ConsumerFilter(project=project), due))
    return Total(len(due), bounded=False)
