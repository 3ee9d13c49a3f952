"""Archives: old records of the audit log, moved into a file and covered by a record that stays."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import msgspec

from berth.ledger.audit.chain import ARCHIVED, ChainVerifier, Finding, Verification, verify
from berth.model.caller import Caller
from berth.model.errors import Conflict
from berth.store import audit, head
from berth.store.audit import Chain, Stored
from berth.store.engine import Database
from berth.store.head import Head

_encode = msgspec.json.Encoder().encode


def archive(database: Database, before: int, file: Path, caller: Caller) -> tuple[int, int] | None:
    """Move the records before a moment into a new file. Return the first and last number, or None if there are none.

    The file is complete and on the disk before anything is removed from the database. Raises Conflict if the log is
    not whole: a defect must be examined where it is.
    """
    findings = verify(database).findings
    if findings:
        raise Conflict(f"the audit log is not whole, so that nothing is archived: {findings[0].why}")
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


def verify_archive(lines: Iterable[bytes]) -> Verification:
    """Verify an archive on its own. Whether its seal is the right one is for the log to say that it came from."""
    verifier = ChainVerifier()
    findings: list[Finding] = []
    for position, line in enumerate(lines, 1):
        try:
            findings += verifier.check(_parse_line(line))
        except (msgspec.MsgspecError, LookupError, TypeError):
            findings.append(Finding(verifier.number + 1, f"line {position} of the archive is no record"))
    return verifier.result(findings)


def _write(target: IO[bytes], records: Iterable[Stored]) -> int:
    first = 0
    for stored in records:
        first = first or stored.row["number"]
        target.write(_encode({**stored.row, "facts": stored.facts}) + b"\n")
    target.flush()
    os.fsync(target.fileno())
    return first


def _parse_line(line: bytes) -> Stored:
    row: dict[str, Any] = msgspec.json.decode(line)
    facts = row.pop("facts")
    return Stored(row, facts, None)
