"""The change log, as pages or as a stream, and the audit log."""

from __future__ import annotations

from berth.api.http.app import StreamReply
from berth.api.http.negotiation import negotiate
from berth.api.v1.events import EventForm, full, short
from berth.api.v1.feed import EVENTS
from berth.api.v1.route import Call
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.change import Change
from berth.model.change_summary import ChangeSummary, brief_of
from berth.model.cursor import Cursor, parse_cursor
from berth.model.errors import Invalid, LogReset
from berth.model.pages import Page


def changes(call: Call) -> Page[Change] | StreamReply:
    """Return a page of the change log, or a stream of it from a place on."""
    if _wants_events(call):
        return _streamed(call, full)
    records = _changes(call)
    return Page(records, _next(call, records))


def brief(call: Call) -> Page[ChangeSummary] | StreamReply:
    """Return changes without their facts, with what each of them touched."""
    if _wants_events(call):
        return _streamed(call, short)
    records = _changes(call)
    return Page([brief_of(change) for change in records], _next(call, records))


def _changes(call: Call) -> list[Change]:
    """Return the changes of a page. Raises LogReset if it begins in another history."""
    after = _after(call)
    if after is None:
        return call.ledger.changes(None, call.query.limit)
    page = call.ledger.changes(after.number, call.query.limit)
    if after.tag and not call.ledger.log_reader.has(after):
        raise LogReset(call.ledger.head())
    return page


def _next(call: Call, records: list[Change]) -> str | None:
    return str(call.ledger.log_reader.place(records[-1].number)) if len(records) == call.query.limit else None


def _after(call: Call) -> Cursor | None:
    return None if call.query.after is None else parse_cursor(call.query.after)


def _wants_events(call: Call) -> bool:
    accept = call.request.headers.get("accept", "")
    return bool(accept) and negotiate(accept, ["application/json", EVENTS])[:1] == [EVENTS]


def _streamed(call: Call, form: EventForm) -> StreamReply:
    headers = [("content-type", EVENTS), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    return StreamReply(call.feed.listen(_last_seen(call), call.recheck, form), headers)


def _last_seen(call: Call) -> Cursor | None:
    """Return the place behind the last event that a reconnecting listener received; else where it wants to begin."""
    header = call.request.headers.get("last-event-id")
    if header is None:
        return _after(call)
    try:
        return parse_cursor(header)
    except Invalid:
        raise Invalid("the header Last-Event-ID has to be the id of an event, or the number of a change") from None


def audit(call: Call) -> Page[AuditRecord]:
    """Return records of the audit log, newest first."""
    query = call.query
    if query.provider and query.consumer:
        raise Invalid("give a provider or a consumer, not both")
    records = call.ledger.audit(
        since=query.since,
        until=query.until,
        actor=query.actor,
        subject=query.provider or query.consumer,
        operation=query.operation,
        outcome=query.outcome,
        before=query.after,
        most=query.limit + 1,
        facts=query.facts,
        summary=query.summary,
    )
    return _page(records, query.limit)


def anomalies(call: Call) -> Anomalies:
    """Return unusual activity in the audit log."""
    return call.anomalies().within(call.query.since, call.query.until)


def history(call: Call) -> Page[AuditRecord]:
    """Return the audit records of a provider or a consumer, newest first, even if it was deleted."""
    return history_of(call, call.items["uuid"])


def history_of(call: Call, uuid: str) -> Page[AuditRecord]:
    """Return a page of the audit records of a provider or a consumer."""
    records = call.ledger.history(uuid, before=call.query.after, most=call.query.limit + 1)
    return _page(records, call.query.limit)


def _page(records: list[AuditRecord], limit: int) -> Page[AuditRecord]:
    """Return a page. records: with one more than fits, if there is another page."""
    page = records[:limit]
    return Page(page, str(page[-1].number) if len(records) > limit else None)
