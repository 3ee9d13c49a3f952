"""Why and when a consumer's claim ended, for those who look for it too late."""

from __future__ import annotations

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.write.writer import Writer
from berth.model.ended_consumer import ClaimEnd, EndReason
from berth.model.errors import AllocationsNotFound
from berth.model.validation import canonical_uuid
from berth.store import consumers, endings


def claim_end(fleet: Fleet, connection: Connection, consumer: str) -> ClaimEnd | None:
    """Return how a consumer's last claim ended, swept or not; None if its owner released it, or it is long ago."""
    uuid = canonical_uuid(consumer)
    if uuid in fleet.lapses.lapsed:
        span = next((row.span for row in consumers.by_uuid(connection, [uuid])), None)
        if span is not None and span.due is not None:
            why = EndReason.LAPSED if span.due == span.deadline else EndReason.ENDED
            return ClaimEnd(why=why, at=span.due)
    ended = endings.of_consumers(connection, [uuid]).get(uuid)
    return None if ended is None else ClaimEnd(why=ended.why, at=ended.at)


def explain_absence(writer: Writer, refusal: AllocationsNotFound) -> AllocationsNotFound:
    """Return the refusal with why and when the consumer's claim ended, if that is known."""
    writer.require_time()
    with writer.read_with_rows() as (fleet, connection):
        return AllocationsNotFound(refusal.consumer, claim_end(fleet, connection, refusal.consumer))
