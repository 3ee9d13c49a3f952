"""The change log, as pages or as a stream, and the audit log."""

from __future__ import annotations

from typing import TypeVar

from berth.api.http.app import StreamReply
from berth.api.http.negotiation import negotiate
from berth.api.v1.feed import EVENTS, EventForm, full, short
from berth.api.v1.route import Call
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.change import Change
from berth.model.change_summary import ChangeSummary, brief_of
from berth.model.errors import Invalid
from berth.model.pages import Page

LogEntry = TypeVar("LogEntry", Change, ChangeSummary, AuditRecord)


def changes(call: Call) -> Page[Change] | StreamReply:
    """Return a page of the change log, or a stream of it from a number on."""
    if _wants_events(call):
        return _streamed(call, full)
    return _page(call.ledger.changes(call.query.after or 0, call.query.limit), call.query.limit)


def brief(call: Call) -> Page[ChangeSummary] | StreamReply:
    """Return changes without their facts, with what each of them touched."""
    if _wants_events(call):
        return _streamed(call, short)
    records = [brief_of(change) for change in call.ledger.changes(call.query.after or 0, call.query.limit)]
    return _page(records, call.query.limit)


def _wants_events(call: Call) -> bool:
    accept = call.request.headers.get("accept", "")
    return bool(accept) and negotiate(accept, ["application/json", EVENTS])[:1] == [EVENTS]


def _streamed(call: Call, form: EventForm) -> StreamReply:
    headers = [("content-type", EVENTS), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    return StreamReply(call.feed.listen(_last_seen(call), call.recheck, form), headers)


def _last_seen(call: Call) -> int | None:
    """Return the last event that a reconnecting listener received; else where it wants to begin."""
    header = call.request.headers.get("last-event-id")
    if header is None:
        after: int | None = call.query.after
        return after
    if not (header.isascii() and header.isdigit() and len(header) < 19):
        raise Invalid("the header Last-Event-ID has to be the number of a change")
    return int(header)


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
        most=query.limit,
        facts=query.facts,
    )
    return _page(records, query.limit)


def anomalies(call: Call) -> Anomalies:
    """Return unusual activity in the audit log."""
    return call.anomalies().within(call.query.since, call.query.until)


def history(call: Call) -> Page[AuditRecord]:
    """Return the audit records of a provider or a consumer, newest first, even if it was deleted."""
    records = call.ledger.history(call.items["uuid"], before=call.query.after, most=call.query.limit)
    return _page(records, call.query.limit)


def _page(records: list[LogEntry], limit: int) -> Page[LogEntry]:
    return Page(records, str(records[-1].number) if len(records) == limit else None)
