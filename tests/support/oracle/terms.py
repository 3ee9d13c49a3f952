"""Claims with a life, in plain dictionaries: who has what at an instant. It has its own copy of the rule of time."""

from __future__ import annotations

from dataclasses import dataclass, field

from berth.model import errors

SECOND = 1_000_000
LONGEST = 24 * 3600 * SECOND


@dataclass
class TimedClaim:
    """A claim: what it has, by host, and its instants; None for ever, or confirmed."""

    held: dict[str, int]
    start: int
    end: int | None = None
    deadline: int | None = None
    name: str | None = None

    def counts(self, now: int) -> bool:
        """Whether it counts."""
        if self.end is not None and now >= self.end:
            return False
        return self.deadline is None or now < self.deadline


@dataclass
class TimedWorld:
    """Hosts with one class, and the claims of consumers. now: in microseconds."""

    now: int
    capacity: dict[str, int]
    claims: dict[str, TimedClaim] = field(default_factory=dict)

    def there(self, consumer: str) -> TimedClaim | None:
        """Return the claim of a consumer that counts."""
        claim = self.claims.get(consumer)
        return claim if claim is not None and claim.counts(self.now) else None

    def used(self, host: str) -> int:
        """Return how much of a host is held."""
        return sum(claim.held.get(host, 0) for claim in self.claims.values() if claim.counts(self.now))

    def living(self) -> dict[str, dict[str, int]]:
        """Return what each consumer has that has anything."""
        return {consumer: claim.held for consumer, claim in self.claims.items() if claim.counts(self.now)}

    def claim(
        self, consumer: str, held: dict[str, int], lasts: int | None, within: int | None, name: str | None = None
    ) -> None:
        """Make a claim. lasts, within: in seconds; name: None as before."""
        before = self.there(consumer)
        mine = before.held if before else {}
        for host, amount in held.items():
            others = self.used(host) - mine.get(host, 0)
            if others + amount > self.capacity[host] and others + amount > self.used(host):
                raise errors.CapacityExceeded(host, "VCPU")
        end = None if lasts is None else self.now + lasts * SECOND
        deadline = None if within is None else self.now + within * SECOND
        if lasts is None and within is None and before is not None:
            end = before.end if before.deadline is None else None
        called = name or (before.name if before else None)
        self.claims[consumer] = TimedClaim(held, self.now, end, deadline, called)

    def confirm(self, consumer: str, kept: dict[str, int] | None) -> None:
        """Confirm a hold, or a part of it."""
        claim = self._pending(consumer)
        if claim is None:
            if kept is not None and kept != self.claims[consumer].held:
                raise errors.NotPending(consumer)
            return
        if kept is not None:
            for host, amount in kept.items():
                if amount > claim.held.get(host, 0):
                    raise errors.NotHeld(consumer, host, "VCPU", amount, 0)
            claim.held = kept
        claim.deadline = None

    def extend(self, consumer: str, seconds: int) -> None:
        """Extend a hold, or a claim that has an end."""
        claim = self._pending(consumer)
        if claim is None or claim.deadline is None:
            claim = self.claims[consumer]
            if claim.end is None:
                raise errors.NoEnd(consumer)
            claim.end = max(claim.end, self.now + seconds * SECOND)
            return
        if self.now + seconds * SECOND > claim.start + LONGEST:
            raise errors.HoldTooLong(seconds, 0)
        claim.deadline = max(claim.deadline, self.now + seconds * SECOND)

    def call(self, consumer: str, name: str | None) -> None:
        """Give a consumer a name, or none."""
        claim = self.there(consumer)
        if claim is None:
            raise errors.AllocationsNotFound(consumer)
        claim.name = name

    def release(self, consumer: str) -> None:
        """Release what a consumer has."""
        if self.there(consumer) is None:
            raise errors.AllocationsNotFound(consumer)
        del self.claims[consumer]

    def _pending(self, consumer: str) -> TimedClaim | None:
        claim = self.there(consumer)
        if claim is not None:
            return claim if claim.deadline is not None else None
        late = self.claims.get(consumer)
        if late is not None and late.deadline is not None:
            raise errors.HoldLapsed(consumer, late.deadline, self.now)
        raise errors.AllocationsNotFound(consumer)
