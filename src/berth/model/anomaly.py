"""Unusual activity: what the audit log shows that somebody should look at."""

from __future__ import annotations

import enum

import msgspec

MOST_NAMED = 20
"""How many of its records a finding names."""


class AnomalyKind(enum.StrEnum):
    """What can be unusual."""

    REFUSALS = "refusals"
    NETWORK = "new-network"
    RELEASE = "mass-release"
    SHRINK = "inventory-shrink"
    CREDENTIAL = "ended-token"
    HOUR = "unusual-hour"
    CHAIN = "broken-chain"


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One finding: records that belong together, and what is unusual about them.

    actor, via: who, "" if nobody is known; address: where they came from, "" if from several or it does not
    matter; first_at, last_at: microseconds since 1970 UTC; records: the numbers of the first 20;
    count: how many there are; why: one sentence.
    """

    kind: AnomalyKind
    actor: str
    via: str
    address: str
    first_at: int
    last_at: int
    records: tuple[int, ...]
    count: int
    why: str


class Anomalies(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, oldest first. first, last: the records that were looked at; complete: whether that is all."""

    items: list[Anomaly]
    first: int
    last: int
    complete: bool

    def within(self, since: int | None, until: int | None) -> Anomalies:
        """Those that ended at or after a moment, and before another."""
        items = [
            each
            for each in self.items
            if (since is None or each.last_at >= since) and (until is None or each.last_at < until)
        ]
        return msgspec.structs.replace(self, items=items)
