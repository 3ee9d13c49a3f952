"""A ledger whose time a test sets."""

from __future__ import annotations

from dataclasses import dataclass

from berth.ledger import Ledger
from berth.model.caller import Caller
from berth.store.engine import Database

BEGIN = 1_900_000_000_000_000
"""When such a test begins, in microseconds since 1970 UTC."""


@dataclass(slots=True)
class FakeClock:
    """A clock that only a test moves. now: in microseconds since 1970 UTC."""

    now: int = BEGIN

    def __call__(self) -> int:
        return self.now

    def go_on(self, seconds: float) -> None:
        """Move on by this time, in seconds."""
        self.now += round(seconds * 1_000_000)


def timed_ledger(database: Database, clock: FakeClock) -> Ledger:
    """Open a ledger with this clock; several of one database may share it, as several processes would."""
    return Ledger(database, Caller(name="tests"), clock=clock)
