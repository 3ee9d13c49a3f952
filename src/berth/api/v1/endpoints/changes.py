"""What has happened: the change log, live as well, and the audit log."""

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
    """A page of the change log; or all of it from a number on, live."""
    if _wants_events(call):
        return _streamed(call, full)
    return _page(call.ledger.changes(call.query.after or 0, call.query.limit), call.query.limit)


def brief(call: Call) -> Page[ChangeSummary] | StreamReply:
    """The same, with what each change touched instead of its facts."""
    if _wants_events(call):
        return _streamed(call, short)
    found = [brief_of(change) for change in call.ledger.changes(call.query.after or 0, call.query.limit)]
    return _page(found, call.query.limit)


def _wants_events(call: Call) -> bool:
    accept = call.request.headers.get("accept", "")
    return bool(accept) and negotiate(accept, ["application/json", EVENTS])[:1] == [EVENTS]


def _streamed(call: Call, form: EventForm) -> StreamReply:
    headers = [("content-type", EVENTS), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    return StreamReply(call.feed.listen(_last_seen(call), call.still, form), headers)


def _last_seen(call: Call) -> int | None:
    """Where a listener was when it lost its connection; else where it asks to begin."""
    header = call.request.headers.get("last-event-id")
    if header is None:
        after: int | None = call.query.after
        return after
    if not (header.isascii() and header.isdigit() and len(header) < 19):
        raise Invalid("the header Last-Event-ID has to be the number of a change")
    return int(header)


def audit(call: Call) -> Page[AuditRecord]:
    """Records of the audit log, newest first."""
    asked = call.query
    if asked.provider and asked.consumer:
        raise Invalid("give a provider or a consumer, not both")
    found = call.ledger.audit(
        since=asked.since,
        until=asked.until,
        actor=asked.actor,
        subject=asked.provider or asked.consumer,
        operation=asked.operation,
        outcome=asked.outcome,
        before=asked.after,
        most=asked.limit,
        facts=asked.facts,
    )
    return _page(found, asked.limit)


def anomalies(call: Call) -> Anomalies:
    """What is unusual in the audit log."""
    return call.anomalies().within(call.query.since, call.query.until)


def history(call: Call) -> Page[AuditRecord]:
    """What was done to a provider or a consumer, newest first, whether it is there still or not."""
    found = call.ledger.history(call.items["uuid"], before=call.query.after, most=call.query.limit)
    return _page(found, call.query.limit)


def _page(found: list[LogEntry], limit: int) -> Page[LogEntry]:
    return Page(found, str(found[-1].number) if len(found) == limit else None)
