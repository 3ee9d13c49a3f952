"""Unusual activity in the audit log, for an administrator to review."""

from __future__ import annotations

import enum

import msgspec

MOST_NAMED = 20
"""The most records that a finding names."""


class AnomalyKind(enum.StrEnum):
    """The kind of a finding."""

    REFUSALS = "refusals"
    NETWORK = "new-network"
    RELEASE = "mass-release"
    SHRINK = "inventory-shrink"
    CREDENTIAL = "ended-token"
    HOUR = "unusual-hour"
    CHAIN = "broken-chain"
    SILENT = "leases-silent"


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One finding: records that belong together, and what is unusual about them.

    actor, via: the caller, "" if unknown; address: the caller's, "" if there are several or it does not
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
    """Findings, oldest first. first, last: the records that were scanned; complete: whether those are all."""

    items: list[Anomaly]
    first: int
    last: int
    complete: bool

    def within(self, since: int | None, until: int | None) -> Anomalies:
        """Return the findings that ended at or after `since`, and before `until`."""
        items = [
            each
            for each in self.items
            if (since is None or each.last_at >= since) and (until is None or each.last_at < until)
        ]
        return msgspec.structs.replace(self, items=items)
