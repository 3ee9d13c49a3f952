"""Leases: claims go on for as long as theirs is renewed; who is silent is marked first, and ended after a grace."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from berth.model.error_kinds import Invalid
from berth.model.term import SECOND

SHORTEST_TTL_S: Final = 5
"""The shortest time that a lease may be granted for, in seconds: processes look that often for new ones."""

LONGEST_TTL_S: Final = 30 * 24 * 3600
"""The longest, and the longest grace: who is silent for a month is gone."""

FEW_ENDINGS: Final = 20
"""This many silent leases may end within a minute, however few there are."""

ENDING_SHARE: Final = 10
"""One part of this number of the live leases may end within a minute: if more are silent, something else is wrong."""

AWAY_S: Final = 5
"""After this long without a commit, while a lease is overdue, the ledger is taken to have been unreachable."""


class OnEnd(enum.StrEnum):
    """What happens to the claims of a lease that ends because it is not renewed. KEEP: they go on without it."""

    RELEASE = "release"
    KEEP = "keep"


class LeaseState(enum.StrEnum):
    """The state of a lease. OVERDUE: its deadline has passed, its claims still count; ENDED: it is over for good."""

    LIVE = "live"
    OVERDUE = "overdue"
    ENDED = "ended"


class LeaseClaims(enum.StrEnum):
    """What happens to the claims of a lease that is ended by a command. DETACH: they go on without a lease."""

    RELEASE = "release"
    DETACH = "detach"


class RenewalRefusal(enum.StrEnum):
    """Why a lease was not renewed."""

    ENDED = "ended"
    UNKNOWN = "unknown"


Renewal = int | RenewalRefusal
"""The deadline of a lease that was renewed, in microseconds since 1970 UTC; or why it was not."""


class LeaseInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A lease. ttl, grace: in seconds; all instants are in microseconds since 1970 UTC.

    deadline: it must be renewed by then; overdue_at: since when it is marked as overdue, None if it is not; ends_at:
    when it ends if it is not renewed before, None if it has ended or is not overdue; ended_at: None if it has not
    ended; consumers: how many have claims with it.
    """

    uuid: str
    name: str
    project: str
    ttl: int
    grace: int
    on_end: OnEnd
    state: LeaseState
    deadline: int
    overdue_at: int | None
    ends_at: int | None
    ended_at: int | None
    consumers: int


class LeasePage(msgspec.Struct, frozen=True):
    """Leases, in the order of their uuids. now: the ledger's time; next: the value of `after` for the next page."""

    now: int
    items: list[LeaseInfo]
    next: str | None


class LeaseFact(msgspec.Struct, frozen=True, array_like=True):
    """A lease in the change log; see LeaseInfo. Renewals are not logged: deadline and overdue_at are of this change."""

    id: int
    name: str
    project: str
    ttl: int
    grace: int
    on_end: OnEnd
    deadline: int
    overdue_at: int | None = None
    ended_at: int | None = None


def renewed(deadline: int, ttl: int, now: int, *, overdue: bool) -> int:
    """Return the deadline of a lease that is renewed now; the present one if the new one is hardly later.

    So a lease is written at most four times in its ttl, however often it is renewed. ttl: in seconds.
    """
    later = max(deadline, now + ttl * SECOND)
    return later if overdue or (later - deadline) * 4 >= ttl * SECOND else deadline


def most_endings(live: int) -> int:
    """Return how many silent leases may end within a minute. live: how many have not ended."""
    return max(FEW_ENDINGS, live // ENDING_SHARE)


def check_times(ttl: int, grace: int) -> None:
    """Raise Invalid unless a lease may have these times, in seconds."""
    if not SHORTEST_TTL_S <= ttl <= LONGEST_TTL_S:
        raise Invalid(f"the ttl of a lease must be {SHORTEST_TTL_S} to {LONGEST_TTL_S:,} seconds, not {ttl:,}", "/ttl")
    if not 1 <= grace <= LONGEST_TTL_S:
        raise Invalid(f"the grace of a lease must be 1 to {LONGEST_TTL_S:,} seconds, not {grace:,}", "/grace")
