"""Whether the audit log is whole, and how old records leave it.

Each record is sealed with a hash over itself, over what the change log says of its change, and over the
hash of the record before; the head row holds the last one. So a record that was altered, taken away, put
in or moved is found, and where. What leaves the log in an archive is vouched for by a record of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from berth.model.caller import Caller
from berth.model.errors import Conflict
from berth.store import audit, audit_index, head
from berth.store.audit import Chain, Stored
from berth.store.engine import Database
from berth.store.head import Head

ARCHIVED: Final = "ArchiveAudit"
"""The operation of a record that vouches for those before it: its target is the last one's number, `why` its hash."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the log. number: of the record that it is about."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. first, last: the records looked at; seal: the last one's hash, worth noting elsewhere."""

    findings: tuple[Finding, ...]
    first: int
    last: int
    seal: str


@dataclass(slots=True)
class ChainVerifier:
    """Goes along the log, record by record. previous: the hash before the first, None if that is known only later."""

    number: int = 0
    previous: str | None = ""
    change: int | None = None
    first: Stored | None = None
    vouched: dict[int, str] = field(default_factory=dict)
    noted: tuple[int, str] | None = None
    seen: bool = False

    def take(self, stored: Stored) -> Iterator[Finding]:
        """The next record, and what is wrong with it."""
        row = stored.row
        number = row["number"]
        if self.first is None:
            self.first = stored
            if number > 1:  # the rest is in an archive, which a later record vouches for
                self.number, self.previous = number - 1, None
        if number != self.number + 1:
            yield Finding(self.number + 1, _missing(self.number + 1, number - 1))
        elif self.previous is not None and audit.seal(self.previous, row, stored.facts) != row["hash"]:
            yield Finding(number, f"record {number}, or the one before it, is not as it was sealed")
        yield from self._change_of(stored)
        if row["operation"] == ARCHIVED and row["target"].isdigit():
            self.vouched[int(row["target"])] = row["why"]
        if self.noted is not None and self.noted[0] == number:
            self.seen = True
            if self.noted[1] != row["hash"]:
                yield Finding(number, f"record {number} is not the one whose seal was noted: the log was made anew")
        self.number, self.previous = number, row["hash"]

    def _change_of(self, stored: Stored) -> Iterator[Finding]:
        """Changes have records one by one, in their order, and the records' subjects are those of their changes."""
        number, change = stored.row["number"], stored.row["change"]
        if stored.subjects is not None and audit_index.about(stored.facts) != stored.subjects:
            yield Finding(number, f"record {number} is listed under other providers or consumers than it is about")
        if change is None:
            return
        if self.change is not None and change != self.change + 1:
            yield Finding(number, f"record {number} is of change {change}, where that of {self.change + 1} is due")
        self.change = change

    def begun(self) -> Iterator[Finding]:
        """Once all have been taken: whether the first goes on from what was archived."""
        if self.noted is not None and not self.seen and self.noted not in self.vouched.items():
            yield Finding(self.noted[0], f"record {self.noted[0]}, whose seal was noted, is not in the log")
        if self.first is None or self.first.row["number"] == 1:
            return
        row = self.first.row
        before = self.vouched.get(row["number"] - 1)
        if before is None:
            yield Finding(row["number"] - 1, f"{_missing(1, row['number'] - 1)}, and no archive vouches for them")
        elif audit.seal(before, row, self.first.facts) != row["hash"]:
            yield Finding(
                row["number"], f"record {row['number']} is not as it was sealed, or does not follow the archive"
            )

    def ended(self, at: Head) -> Iterator[Finding]:
        """Once all have been taken: whether this is where the head says that the log ends."""
        if self.number < at.audit_number:
            yield Finding(self.number + 1, _missing(self.number + 1, at.audit_number))
        elif self.number != at.audit_number or (self.previous or "") != at.audit_hash:
            yield Finding(self.number, f"the log ends with record {self.number}, but not as the head says that it does")
        if self.change is not None and self.change != at.number:
            yield Finding(self.number, f"the last change with a record is {self.change}, the last one {at.number}")


def verify(database: Database, noted: tuple[int, str] | None = None) -> Verification:
    """Go through all of a database's audit log, as of one moment. noted: a record's number and hash, from elsewhere."""
    with database.reading() as connection:
        at = head.sealed(connection)
        checker = ChainVerifier(noted=noted)
        findings = [finding for stored in audit.stored(connection) for finding in checker.take(stored)]
    findings += [*checker.begun(), *checker.ended(at)]
    return _checked(checker, findings)


def verify_archive(lines: Iterable[bytes]) -> Verification:
    """Go through an archive. That its seal is the right one, the log says that it came from."""
    checker = ChainVerifier()
    findings: list[Finding] = []
    for place, line in enumerate(lines, 1):
        try:
            findings += checker.take(_from_archive(line))
        except (msgspec.MsgspecError, LookupError, TypeError):
            findings.append(Finding(checker.number + 1, f"line {place} of the archive is no record"))
    return _checked(checker, findings)


def archive(database: Database, before: int, file: Path, caller: Caller) -> tuple[int, int] | None:
    """Move the records of before a moment into a new file; returns the first and last number, None if there are none.

    The file is complete and on the disk before anything leaves the database. Raises Conflict if the log is
    not whole: what does not agree must be looked at where it is.
    """
    wrong = verify(database).findings
    if wrong:
        raise Conflict(f"the audit log is not whole, so that nothing is archived: {wrong[0].why}")
    with database.migrating() as connection:  # one transaction, however long it takes
        seen = head.lock(connection, database.capabilities)
        last = audit.last_before(connection, before)
        if last is None:
            return None
        with file.open("xb") as target:
            first = _write(target, audit.stored(connection, up_to=last.number))
        chain = Chain(seen.audit_number, seen.audit_hash)
        chain.add(time.time_ns() // 1000, caller, "", ARCHIVED, str(last.number), why=last.hash)
        audit.drop(connection, last.number)
        audit.append(connection, chain)
        head.move(connection, seen, Head(seen.number, seen.next_id, chain.number, chain.hash))
    return first, last.number


def _write(target: IO[bytes], records: Iterable[Stored]) -> int:
    first = 0
    for stored in records:
        first = first or stored.row["number"]
        target.write(_encode({**stored.row, "facts": stored.facts}) + b"\n")
    target.flush()
    os.fsync(target.fileno())
    return first


def _from_archive(line: bytes) -> Stored:
    row: dict[str, Any] = msgspec.json.decode(line)
    facts = row.pop("facts")
    return Stored(row, facts, None)


def _checked(checker: ChainVerifier, findings: list[Finding]) -> Verification:
    first = 0 if checker.first is None else checker.first.row["number"]
    return Verification(tuple(findings), first, checker.number, checker.previous or "")


def _missing(first: int, last: int) -> str:
    if last < first:
        return f"record {last} stands where record {first} is due"
    return f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
