"""Hosts that renew their leases, or fall silent, on a clock that the test sets; and servers that sweep every second."""

from __future__ import annotations

from dataclasses import dataclass, field

from berth.ledger import Ledger
from berth.model.lease import LeaseState, Renewal
from tests.support.hold_ledger import FakeClock


@dataclass
class LeaseHosts:
    """Hosts with a lease each, and the ledger. away: whether no server and no database can be reached."""

    ledger: Ledger
    clock: FakeClock
    ttl: int
    grace: int | None = None
    uuids: list[str] = field(default_factory=list)
    away: bool = False

    def grant(self, count: int) -> list[str]:
        """Grant so many leases more. Return their uuids."""
        new = [
            self.ledger.leases.grant(f"node-{number}", project="p", ttl=self.ttl, grace=self.grace).uuid
            for number in range(count)
        ]
        self.uuids += new
        return new

    def beat(self, uuids: list[str]) -> dict[str, Renewal]:
        """Let hosts renew their leases, in one call; nothing comes of it while Berth is away."""
        return {} if self.away or not uuids else self.ledger.leases.renew(uuids)

    def go_on(self, seconds: float) -> None:
        """Let time pass, and a server sweep if it is there."""
        self.clock.go_on(seconds)
        if not self.away:
            self.ledger.sweep()

    def ended(self) -> list[str]:
        """Return the leases that have ended."""
        return [each.uuid for each in self.ledger.leases.list(state=LeaseState.ENDED, limit=1000).items]
