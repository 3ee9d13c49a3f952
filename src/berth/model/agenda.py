"""The agenda: which claims end next, and which holds lapse unless they are confirmed."""

from __future__ import annotations

import enum

import msgspec

from berth.model.consumer import Resources
from berth.model.lease import LeaseInfo


class AgendaEvent(enum.StrEnum):
    """What happens to a claim. LAPSES: a hold that is not confirmed by then; ENDS: the claim is over."""

    LAPSES = "lapses"
    ENDS = "ends"


class AgendaHolding(msgspec.Struct, frozen=True):
    """What a consumer has of one provider, which is free again then."""

    provider: str
    name: str
    resources: Resources


class AgendaItem(msgspec.Struct, frozen=True):
    """One claim that ends. at: when, in microseconds since 1970 UTC; in_s: the time until then, in seconds.

    name: of the consumer, None if it has none.
    """

    at: int
    in_s: int
    event: AgendaEvent
    consumer: str
    project: str
    user: str
    type: str | None
    held: list[AgendaHolding]
    name: str | None = None


class Agenda(msgspec.Struct, frozen=True):
    """What ends next, the earliest first.

    now: the ledger's time when this was read, in microseconds since 1970 UTC; next: the value of `after` for the next
    page, None at the end. overdue: leases that are overdue, the first to end first, a hundred at most, on the first
    page only. total: how many end in all, counted with the first page, None on the others; bounded: whether counting
    ended at a bound, so that there may be more.
    """

    now: int
    items: list[AgendaItem]
    next: str | None
    overdue: list[LeaseInfo] = []
    total: int | None = None
    bounded: bool = False
