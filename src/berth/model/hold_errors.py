"""The errors of terms and holds: why a claim cannot end, be confirmed or be extended as asked."""

from __future__ import annotations

from berth.model.error_kinds import Conflict, Invalid


class InvalidTerm(Invalid):
    """The term of a claim is invalid, such as an end in the past or a start in the future."""


class HoldTooLong(Invalid):
    """A hold would be pending for too long. longest: the limit in seconds, from when it was made."""

    def __init__(self, seconds: int, longest: int) -> None:
        super().__init__(f"A hold can be pending for at most {longest:,} seconds in all, not {seconds:,}.")
        self.seconds, self.longest = seconds, longest


class HoldLapsed(Conflict):
    """The hold was not confirmed in time, or its claim has ended. deadline: when it had to be; at: the ledger's time.

    Both are in microseconds since 1970 UTC.
    """

    def __init__(self, consumer: str, deadline: int, at: int) -> None:
        late = (at - deadline) / 1_000_000
        super().__init__(f"The hold of consumer {consumer} lapsed {late:,.3f} seconds ago: claim again.")
        self.consumer, self.deadline, self.at = consumer, deadline, at


class NotPending(Conflict):
    """The consumer's claim is already confirmed, with other amounts or another end."""

    def __init__(self, consumer: str) -> None:
        super().__init__(f"The claim of consumer {consumer} is not pending: it is confirmed.")
        self.consumer = consumer


class NoEnd(Conflict):
    """The consumer's claim has no end to extend: it is confirmed without an end, or kept by a lease."""

    def __init__(self, consumer: str) -> None:
        super().__init__(f"The claim of consumer {consumer} has no end to extend.")
        self.consumer = consumer


class NotHeld(Conflict):
    """A confirmation names more than the hold has. held: how much that is of the provider's class."""

    def __init__(self, consumer: str, provider: str, resource_class: str, amount: int, held: int) -> None:
        super().__init__(
            f"The hold of consumer {consumer} has {held} of '{resource_class}' on resource provider '{provider}', "
            f"not {amount}."
        )
        self.consumer, self.provider, self.resource_class = consumer, provider, resource_class
        self.amount, self.held = amount, held


class DoesNotJoin(Conflict):
    """A hold cannot be added to this consumer, or replace its claim. onto: that consumer; why: the reason."""

    def __init__(self, consumer: str, onto: str, why: str) -> None:
        super().__init__(f"The hold of consumer {consumer} cannot be added to consumer {onto}: {why}.")
        self.consumer, self.onto, self.why = consumer, onto, why
