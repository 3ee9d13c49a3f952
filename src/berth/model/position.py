"""Positions: ends of the history of a ledger."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """An end of the ledger's history: the last change, and the last record of the audit log with its hash.

    Numbers alone do not tell two histories apart: after a failover that lost commits, or a restore, other changes get
    the same numbers. The hash covers every record before it.
    """

    number: int
    audit_number: int
    audit_hash: str

    @property
    def tag(self) -> str:
        """The first 8 bytes of the hash, in hexadecimal: tells histories apart in ETags, event ids and cursors."""
        return self.audit_hash[:16]
