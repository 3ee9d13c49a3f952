"""The file of an archive: JSON Lines, first changes without a record, then records, each with its change's facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from berth.ledger.audit.chain import ChainVerifier, Finding, RecordSeal, Verification, verify
from berth.ledger.checkpoint import SEALED, hash_of, pieces
from berth.ledger.replay import Books, replay
from berth.model.change import Change
from berth.store import audit, changes, checkpoints
from berth.store.audit import Stored
from berth.store.checkpoints import Checkpoint
from berth.store.engine import Database

UNRECORDED: Final = "unrecorded"
"""The one key of a line that is a change of before the audit log began."""

_PAGE: Final = 250
"""How many records are read at a time: those of an import have hundreds of kilobytes each."""

_encode = msgspec.json.Encoder().encode


def write(target: IO[bytes], database: Database, since: Checkpoint, last: int) -> None:
    """Write the records after a checkpoint's, up to this one, and their changes. No transaction lasts for long."""
    for change in _unrecorded(database, since, last):
        target.write(_encode({UNRECORDED: change}) + b"\n")
    for stored in _records(database, since.archived, last):
        target.write(_encode({**stored.row, "facts": stored.facts}) + b"\n")


def _records(database: Database, after: int, last: int) -> Iterator[Stored]:
    while after < last:
        with database.reading() as connection:
            page = audit.page(connection, after, min(_PAGE, last - after))
        yield from page
        if not page:
            return
        after = page[-1].row["number"]


def _unrecorded(database: Database, since: Checkpoint, last: int) -> Iterator[Change]:
    """Yield the changes from before the audit log began, and those whose records an earlier Berth archived alone."""
    with database.reading() as connection:
        end = audit.first_change(connection, since.archived, last) or 0
    number = since.number
    while number < end - 1:
        with database.reading() as connection:
            page = changes.page(connection, number, min(_PAGE, end - 1 - number))
        before = [change for change in page if change.number < end]
        yield from before
        if not before:
            return
        number = before[-1].number


@dataclass(slots=True)
class ArchiveReader:
    """Reads archives that follow each other, and verifies their records and what their changes make.

    books: as of the change before the first one of the archives; None if they are not known: then only the records are
    verified. hashes: of the books at the end of each archive, by the number of the last change; sealed: by the records.
    """

    books: Books | None = None
    chain: ChainVerifier = field(default_factory=ChainVerifier)
    findings: list[Finding] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)
    sealed: dict[int, str] = field(default_factory=dict)

    def read(self, lines: Iterable[bytes]) -> None:
        """Read the next archive."""
        log = self._changes(lines)
        wrong = None if self.books is None else next(replay(self.books, log), None)
        if wrong is not None:  # what is made of the following ones would be wrong as well
            self.findings.append(Finding(self.chain.number, wrong))
            self.books = None
        for _ in log:
            pass
        if self.books is not None:
            self.findings += [Finding(self.chain.number, _unmended(each)) for each in self.books.damaged]
            self.hashes[self.books.number] = hash_of(pieces(self.books))

    def result(self) -> Verification:
        """Return what was verified and found."""
        broken = (number for number, sealed in self.sealed.items() if self.hashes.get(number, sealed) != sealed)
        findings = [Finding(0, f"the changes up to {each} do not make what their checkpoint seals") for each in broken]
        return self.chain.result([*self.findings, *findings])

    def _changes(self, lines: Iterable[bytes]) -> Iterator[Change]:
        """Verify each line, and yield its change if it has one."""
        for position, line in enumerate(lines, 1):
            try:
                change = self._check(msgspec.json.decode(line))
            except (msgspec.MsgspecError, LookupError, TypeError, AttributeError):
                why = f"line {position} of the archive is not a record"
                self.findings.append(Finding(self.chain.number + 1, why))
                continue
            if change is not None:
                yield change

    def _check(self, row: dict[str, Any]) -> Change | None:
        if UNRECORDED in row:
            return msgspec.convert(row[UNRECORDED], Change)
        facts_text = row.pop("facts")
        self.findings += self.chain.check(Stored(row, facts_text, None))
        if row["operation"] == SEALED and row["target"].isdigit():
            self.sealed[int(row["target"])] = row["why"]
        if row["change"] is None:
            return None
        facts, fault = changes.readable(facts_text or "")
        return Change(row["change"], row["at"], row["operation"], row["actor"], row["request"], facts, fault)


def _unmended(number: int) -> str:
    return f"change {number} cannot be read, and no later one of the archive mends it: run `berth db mend`"


def verify_archive(lines: Iterable[bytes]) -> Verification:
    """Verify the records of an archive. Whether its seal is the right one is for the log to say that it came from."""
    reader = ArchiveReader()
    reader.read(lines)
    return reader.result()


def verify_archives(
    places: Iterable[Path], database: Database | None = None, noted: RecordSeal | None = None
) -> Verification:
    """Verify archives that follow each other, and the database whose logs continue them. Raises OSError.

    places: the files in their order, or folders of them. If the first one begins with the first change, what all
    changes make is compared with every checkpoint. noted: a record's number and hash, noted elsewhere.
    """
    reader = ArchiveReader()
    reader.chain.noted = noted
    files = chain.from_iterable(sorted(each.glob("*.jsonl")) if each.is_dir() else [each] for each in places)
    for number, file in enumerate(files):
        with file.open("rb") as lines:
            if number == 0 and _is_beginning(lines):
                reader.books = Books()
            reader.read(lines)
    if reader.chain.first is None:
        reader.findings.append(Finding(0, "there is no archive, or it is empty"))
    if database is None:
        reader.findings += reader.chain.check_noted()
    else:
        reader.findings += verify(database, noted, reader.chain).findings
        with database.reading() as connection:
            checkpoint = checkpoints.last(connection)
        reader.sealed[checkpoint.number] = checkpoint.hash
    return reader.result()


def _is_beginning(lines: IO[bytes]) -> bool:
    """Whether an archive begins with the first change of a ledger."""
    try:
        row = msgspec.json.decode(lines.readline())
        return bool(row.get("number") == 1 or row[UNRECORDED]["number"] == 1)
    except (msgspec.MsgspecError, LookupError, TypeError, AttributeError):
        return False
    finally:
        lines.seek(0)
