"""The life of a claim, for people and programs: from when until when it counts, and whether it is pending."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from berth.model.term import SECOND, Span


class ClaimState(enum.StrEnum):
    """Whether a claim is certain. AHEAD is reserved: no claim is that yet."""

    PENDING = "pending"  # a hold: it lapses unless it is confirmed by its deadline
    CONFIRMED = "confirmed"
    AHEAD = "ahead"
    OVERDUE = "overdue"  # it goes on with a lease that is not renewed, and ends with it


class ClaimLife(msgspec.Struct, frozen=True, kw_only=True):
    """The part about time of a consumer, in a list or alone.

    start, end: from when until when its claim counts; None: from its first claim, for ever. deadline: by when a hold
    has to be confirmed, None: it is confirmed. All in microseconds since 1970 UTC. expires_in: the time until the claim
    counts no more unless something is done, by the ledger's clock when this was read, in seconds, rounded up; None: it
    counts for ever. lease: the uuid of the lease that the claim goes on with, None: with none.
    """

    state: ClaimState = ClaimState.CONFIRMED
    start: int | None = None
    end: int | None = None
    deadline: int | None = None
    expires_in: int | None = None
    lease: str | None = None


def life_of(
    start: int | None,
    end: int | None,
    deadline: int | None,
    now: int,
    *,
    lease: str | None = None,
    overdue: bool = False,
) -> dict[str, Any]:
    """Return the fields of a ClaimLife at an instant. Times in microseconds since 1970 UTC; overdue: its lease is."""
    due = Span(start or 0, end, deadline).due
    confirmed = ClaimState.OVERDUE if overdue else ClaimState.CONFIRMED
    return {
        "state": confirmed if deadline is None else ClaimState.PENDING,
        "start": start,
        "end": end,
        "deadline": deadline,
        "expires_in": None if due is None else seconds_until(due, now),
        "lease": lease,
    }


def seconds_until(instant: int, now: int) -> int:
    """Return the time until an instant in seconds, rounded up; 0 if it has passed. Both in microseconds."""
    return max(0, -((now - instant) // SECOND))
