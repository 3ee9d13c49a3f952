"""Terms: from when until when what a consumer has counts, and by when it has to be confirmed."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.model.hold_errors import HoldTooLong, InvalidTerm

SECOND: Final = 1_000_000
"""Microseconds in a second."""

LONGEST_HOLD_S: Final = 24 * 3600
"""How long a hold may be pending in all, in seconds, however often it is extended, if nothing else is set."""

LONGEST_S: Final = 100 * 365 * 24 * 3600
"""The longest duration of a claim, in seconds: an end must remain a time that can be written."""


class Term(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a claim says about time. Without any of it the claim is confirmed, and counts from now on for ever.

    start: from when it counts, None: from now; one that lies ahead is refused for now. end: until when (it does not
    count at that instant itself); lasts: the same in seconds from the start, by the ledger's clock; at most one of them
    is given, neither: for ever. confirm_within: a hold, which counts no more unless it is confirmed within this time,
    in seconds from the start. lease: it goes on while this lease does. replaces: the consumer whose claim the hold
    takes the place of when it is confirmed. Instants are in microseconds since 1970 UTC.
    """

    start: int | None = None
    end: int | None = None
    lasts: int | None = None
    confirm_within: int | None = None
    lease: str | None = None
    replaces: str | None = None


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A term as the ledger keeps it: instants in microseconds since 1970 UTC.

    start: when it began to count; end: None for ever; deadline: by when it has to be confirmed, None: it is confirmed;
    replaces: the consumer whose claim a hold takes the place of; lease: that it goes on with.
    """

    start: int
    end: int | None = None
    deadline: int | None = None
    replaces: str | None = None
    lease: str | None = None

    @property
    def due(self) -> int | None:
        """The first instant at which it counts no more, if nothing else is decided before; None if there is none."""
        if self.end is None or self.deadline is None:
            return self.deadline if self.end is None else self.end
        return min(self.end, self.deadline)


def counts(start: int | None, end: int | None, deadline: int | None, t: int, n: int) -> bool:
    """Whether a claim counts at the instant t, as known at the instant n: the one rule of time.

    The span is half open: a claim counts at its start, and no more at its end. A hold counts at any t, also one beyond
    its deadline, as long as n is before the deadline: it may still be confirmed.
    """
    begun = start is None or start <= t
    ended = end is not None and t >= end
    lapsed = deadline is not None and n >= deadline
    return begun and not ended and not lapsed


def span_of(term: Term, now: int, longest_hold_s: int = LONGEST_HOLD_S) -> Span | None:
    """Return the span of a claim with this term that is made now; None if it counts for ever without a lease.

    now: in microseconds since 1970 UTC; longest_hold_s: how long it may be pending. Raises InvalidTerm, HoldTooLong.
    """
    if term.start is not None and term.start > now:
        raise InvalidTerm("a claim cannot start later than now", "/term/start")
    end, deadline = _end_of(term, now), _deadline_of(term, now, longest_hold_s)
    lasting = end is None and deadline is None and term.lease is None
    return None if lasting else Span(now, end, deadline, term.replaces, term.lease)


def _end_of(term: Term, now: int) -> int | None:
    if term.lasts is None:
        return None if term.end is None else checked_end(term.end, now)
    if term.end is not None:
        raise InvalidTerm("a claim has an end or a duration, not both", "/term/lasts")
    if not 1 <= term.lasts <= LONGEST_S:
        raise InvalidTerm(f"a claim can last 1 to {LONGEST_S} seconds, not {term.lasts}", "/term/lasts")
    return now + term.lasts * SECOND


def _deadline_of(term: Term, now: int, longest_s: int) -> int | None:
    if term.confirm_within is None:
        if term.replaces is not None:
            raise InvalidTerm("only a hold can replace a claim: it needs confirm_within", "/term/replaces")
        return None
    if term.confirm_within < 1:
        wanted = f"confirm_within must be at least 1 second, not {term.confirm_within}"
        raise InvalidTerm(wanted, "/term/confirm_within")
    if term.confirm_within > longest_s:
        raise HoldTooLong(term.confirm_within, longest_s)
    return now + term.confirm_within * SECOND


def checked_end(end: int, now: int, at: str = "/term/end") -> int:
    """Return the end of a claim. Raises InvalidTerm unless it lies ahead, within a hundred years."""
    if not now < end <= now + LONGEST_S * SECOND:
        raise InvalidTerm("the end of a claim must be in the future, at most a hundred years from now", at)
    return end
