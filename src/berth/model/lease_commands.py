"""Commands about leases."""

from __future__ import annotations

from typing import Final

from berth.model.commands import Command
from berth.model.lease import LeaseClaims, OnEnd

MOST_RENEWED: Final = 10_000
"""How many leases one command renews."""


class GrantLease(Command, frozen=True):
    """Grant a lease. Sent again with the same values it changes nothing. ttl, grace: in seconds; grace: None is ttl."""

    uuid: str
    name: str
    project: str
    ttl: int
    grace: int | None = None
    on_end: OnEnd = OnEnd.RELEASE


class RenewLeases(Command, frozen=True):
    """Renew leases, those of one host or of a whole fleet: each for its ttl from now. It needs no idempotency key."""

    uuids: tuple[str, ...]


class EndLease(Command, frozen=True):
    """End a lease, and release the claims that go on with it, or let them go on without."""

    uuid: str
    claims: LeaseClaims = LeaseClaims.RELEASE
