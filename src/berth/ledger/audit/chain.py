"""Verification of the audit log's hash chain.

Each record is sealed with a hash over itself, over its change's facts in the change log, and over the hash of the
record before; the head row holds the last one. So a record that was altered, removed, inserted or moved is found, with
its position. Records that were moved to an archive are covered by a record of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from berth.store import audit, audit_index, changes, checkpoints, head
from berth.store.audit import Stored
from berth.store.engine import Database
from berth.store.head import Head

ARCHIVED: Final = "ArchiveAudit"
"""The operation of a record that covers archived ones: its target is the last one's number, `why` that one's hash."""

RecordSeal = tuple[int, str]
"""A record's number and hash."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect of the log. number: of the record that it concerns."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification. first, last: the records that were read; seal: the last one's hash."""

    findings: tuple[Finding, ...]
    first: int
    last: int
    seal: str


@dataclass(slots=True)
class ChainVerifier:
    """Verifies the log record by record.

    number, previous: the last record's number and hash (None: known only from a later record); change: of the last
    record that has one; archived: the hash of each last archived record, by its number; noted: a seal that the log must
    still have, noted outside of it; noted_seen: whether its record was read.
    """

    number: int = 0
    previous: str | None = ""
    change: int | None = None
    first: Stored | None = None
    archived: dict[int, str] = field(default_factory=dict)
    noted: RecordSeal | None = None
    noted_seen: bool = False

    def check(self, stored: Stored) -> Iterator[Finding]:
        """Check the next record, and yield its defects."""
        row = stored.row
        number = row["number"]
        if self.first is None:
            self.first = stored
            if number > 1:  # the rest is in an archive, which a later record covers
                self.number, self.previous = number - 1, None
        if number != self.number + 1:
            yield Finding(self.number + 1, _missing(self.number + 1, number - 1))
        elif self.previous is not None and audit.seal(self.previous, row, stored.facts) != row["hash"]:
            yield Finding(number, f"record {number}, or the one before it, is not as it was sealed")
        yield from self._check_change(stored)
        if row["operation"] == ARCHIVED and row["target"].isdigit():
            self.archived[int(row["target"])] = row["why"]
        if self.noted is not None and self.noted[0] == number:
            self.noted_seen = True
            if self.noted[1] != row["hash"]:
                yield Finding(number, f"record {number} does not have the noted seal: the log was rewritten")
        self.number, self.previous = number, row["hash"]

    def _check_change(self, stored: Stored) -> Iterator[Finding]:
        """Check that changes have one record each, in their order, indexed under the subjects of the change."""
        number, change = stored.row["number"], stored.row["change"]
        if stored.subjects is not None and not _is_indexed_rightly(stored, stored.subjects):
            yield Finding(number, f"record {number} is indexed under other providers or consumers than it is about")
        if change is None:
            return
        if self.change is not None and change != self.change + 1:
            yield Finding(number, f"record {number} is of change {change}, where that of {self.change + 1} is due")
        self.change = change

    def check_noted(self) -> Iterator[Finding]:
        """Check, after the last record, that the one with the noted seal was read, or is the last one of an archive."""
        if self.noted is not None and not self.noted_seen and self.noted not in self.archived.items():
            yield Finding(self.noted[0], f"record {self.noted[0]}, whose seal was noted, is not in the log")

    def check_start(self) -> Iterator[Finding]:
        """Check, after the last record, that the first one continues what was archived."""
        if self.first is None or self.first.row["number"] == 1:
            return
        row = self.first.row
        archived = self.archived.get(row["number"] - 1)
        if archived is None:
            yield Finding(row["number"] - 1, f"{_missing(1, row['number'] - 1)}, and no archive covers them")
        elif audit.seal(archived, row, self.first.facts) != row["hash"]:
            yield Finding(
                row["number"], f"record {row['number']} is not as it was sealed, or does not follow the archive"
            )

    def check_end(self, at: Head) -> Iterator[Finding]:
        """Check, after the last record, that the log ends where the head says."""
        if self.number < at.audit_number:
            yield Finding(self.number + 1, _missing(self.number + 1, at.audit_number))
        elif self.number != at.audit_number or (self.previous or "") != at.audit_hash:
            yield Finding(self.number, f"the log ends with record {self.number}, which is not what the head says")
        if self.change is not None and self.change != at.number:
            yield Finding(self.number, f"the last change with a record is {self.change}, the last one {at.number}")

    def result(self, findings: list[Finding]) -> Verification:
        """Return the findings with the records that were read."""
        first = 0 if self.first is None else self.first.row["number"]
        return Verification(tuple(findings), first, self.number, self.previous or "")


def verify(database: Database, noted: RecordSeal | None = None, archives: ChainVerifier | None = None) -> Verification:
    """Verify all of a database's audit log, as of one moment.

    noted: a record's number and hash, noted elsewhere; archives: a verifier that has read the archived records.
    """
    verifier = archives or ChainVerifier()
    verifier.noted = noted or verifier.noted
    with database.reading() as connection:
        at = head.read(connection)
        # What is archived may still be there: it is deleted afterwards, little by little.
        after = max(checkpoints.last(connection).archived, verifier.number)
        findings = [finding for stored in audit.stored(connection, after) for finding in verifier.check(stored)]
    return verifier.result([*findings, *verifier.check_noted(), *verifier.check_start(), *verifier.check_end(at)])


def _is_indexed_rightly(stored: Stored, subjects: set[str]) -> bool:
    """Whether a record is indexed under its subjects. One whose facts cannot be read may be under none."""
    return audit_index.about(stored.facts) == subjects or not (subjects or changes.is_readable(stored.facts))


def _missing(first: int, last: int) -> str:
    if last < first:
        return f"record {last + 1} stands where record {first} is due"
    return f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
