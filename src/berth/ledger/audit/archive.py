"""Archives: the beginning of both logs moves into a file. A record covers it, and a checkpoint replaces it.

Each step can be broken off and repeated: the file is complete, on the disk and read again before it is sealed, and
sealed before anything is deleted. The head is locked only for short transactions.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from sqlalchemy import Connection

from berth.ledger import checkpoint
from berth.ledger.audit import archive_file
from berth.ledger.audit.archive_file import ArchiveReader
from berth.ledger.audit.chain import ARCHIVED, Verification, verify
from berth.ledger.audit.usage_series import keep_series
from berth.ledger.replay import Books
from berth.model.caller import Caller
from berth.model.errors import Conflict
from berth.store import audit, changes, checkpoints, head
from berth.store.audit import Chain
from berth.store.checkpoints import Checkpoint
from berth.store.engine import Database
from berth.store.head import Head

FILE_NAME: Final = "audit-{:012d}.jsonl"
"""The name of a file in a folder of archives, from the number of its first record: so they are in order."""

YOUNGEST_US: Final = 5 * 60 * 1_000_000
"""Younger records stay: by them a writer whose connection was lost learns whether it has committed."""

SLICE_S: Final = 0.005
"""How long the deletion of a slice of a log should take, during which the head is locked."""

LEAST_SLICE: Final = 50
FIRST_SLICE: Final = 100
MOST_SLICE: Final = 1_000
"""How many rows a slice has: at least, at first, at most."""

MOST_PAUSE_S: Final = 0.05
"""The longest pause between two slices, which is as long as the one before took."""


class Archive(NamedTuple):
    """An archive: its file, and the numbers of its first and last record."""

    file: Path
    first: int
    last: int


def archive(database: Database, before: int, place: Path, caller: Caller) -> Archive | None:
    """Move the records before a moment, and their changes, into a new file.

    before: in microseconds since 1970 UTC; place: the file, or a folder for files that are named after their first
    record. Returns None if no records are that old. A run that was broken off is completed by the same call. Raises
    Conflict if a log is not whole, for a defect must be examined where it is, or if another process archives as well;
    OSError.
    """
    since = _remove_archived(database)
    file = place / FILE_NAME.format(_first(database, since)) if place.is_dir() else place
    with _exclusive(file) as (target, is_new):
        if is_new:
            last = _last_before(database, before)
            if last <= since.archived:
                return None
            _check_whole(database)
            archive_file.write(target, database, since, last)
            _publish(target, file)
        elif (moved := _already_archived(database, since, file)) is not None:
            return Archive(file, *moved)
        try:
            contents, books = _read_again(database, file)
            _seal(database, since, contents, books, caller)
        except Conflict:
            if is_new:
                file.unlink()
                raise
            # It is no file that an earlier run did not come to seal.
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
        _remove_archived(database)
    return Archive(file, contents.first, contents.last)


def _first(database: Database, since: Checkpoint) -> int:
    """Return the number of the first record that is not in an archive."""
    with database.reading() as connection:
        return audit.first_since(connection, None) or since.archived + 1


@contextmanager
def _exclusive(file: Path) -> Iterator[tuple[IO[bytes], bool]]:
    """Open an archive, or the part of it that is not complete, for this process alone. Yield whether it is new."""
    part, is_new = file.with_name(f"{file.name}.part"), not file.exists()
    path = part if is_new else file
    with path.open("ab" if is_new else "rb") as target:
        if not _locked(target, path):
            raise Conflict(f"another process is writing {file}")
        try:
            if is_new:
                if file.exists():
                    raise Conflict(f"another process has just written {file}")
                target.truncate(0)
            yield target, is_new
        finally:
            if is_new:
                part.unlink(missing_ok=True)


def _locked(target: IO[bytes], path: Path) -> bool:
    """Lock an open file, until it is closed. Return whether that succeeds, and the file still has this name."""
    try:
        fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(target.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _publish(target: IO[bytes], file: Path) -> None:
    """Put a complete file on the disk, under its name."""
    target.flush()
    os.fsync(target.fileno())
    file.with_name(f"{file.name}.part").rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _last_before(database: Database, before: int) -> int:
    """Return the largest number such that all records up to it are from before a moment, and not too young."""
    with database.reading() as connection:
        later = audit.first_since(connection, min(before, time.time_ns() // 1000 - YOUNGEST_US))
        return head.read(connection).audit_number if later is None else later - 1


def _check_whole(database: Database) -> None:
    findings = verify(database).findings
    if findings:
        raise Conflict(f"the audit log is not whole, so that nothing is archived: {findings[0].why}")


def _already_archived(database: Database, since: Checkpoint, file: Path) -> tuple[int, int] | None:
    """Return the first and last number of a file that an earlier run has sealed, None if it is none."""
    with file.open("rb") as lines:
        contents = archive_file.verify_archive(lines)
    with database.reading() as connection:
        sealed = audit.operation_at(connection, since.audit_number - 1)
    if contents.findings or sealed != (ARCHIVED, str(contents.last), contents.seal):
        return None
    return contents.first, contents.last


def _read_again(database: Database, file: Path) -> tuple[Verification, Books]:
    """Return what a file holds, and the books at its end. Raises Conflict if it is not the beginning of both logs."""
    with database.reading() as connection:
        books, findings = checkpoint.load(connection)
    reader = ArchiveReader(books)
    with file.open("rb") as lines:
        reader.read(lines)
    contents = reader.result()
    findings += [finding.why for finding in contents.findings]
    with database.reading() as connection:
        first, present = audit.first_since(connection, None), audit.has(connection, contents.last, contents.seal)
    if not present or contents.first != first:
        findings.append("another process has archived at the same time")
    if findings:
        raise Conflict(f"the logs are not whole, so that nothing is archived: {findings[0]}")
    return contents, books


def _seal(database: Database, since: Checkpoint, contents: Verification, books: Books, caller: Caller) -> None:
    """Write the checkpoint, then the two records that cover the file and seal the checkpoint."""
    keep_series(database)  # while the log says how full the fleet was
    hash_, count = since.hash, since.pieces
    if since == checkpoints.NONE or books.number != since.number:
        hash_, count = _write_pieces(database, since, books)
    with database.writing() as connection:
        at = _lock_unchanged(connection, database, since)
        if checkpoints.count(connection, books.number) != count:
            raise Conflict("another process archives at the same time, so that nothing was removed: try again")
        chain, now = Chain(at.audit_number, at.audit_hash), time.time_ns() // 1000
        chain.add(now, caller, "", ARCHIVED, str(contents.last), why=contents.seal)
        chain.add(now, caller, "", checkpoint.SEALED, str(books.number), why=hash_)
        audit.append(connection, chain)
        checkpoints.seal(connection, Checkpoint(books.number, hash_, count, contents.last, chain.number))
        _move(connection, at, chain)


def _write_pieces(database: Database, since: Checkpoint, books: Books) -> tuple[str, int]:
    """Write the pieces of a checkpoint, each in its own transaction. Return the hash of the books, and how many."""
    with database.writing() as connection:
        _lock_unchanged(connection, database, since)
        for key in checkpoints.unsealed_pieces(connection, since):
            checkpoints.drop_piece(connection, key)
    count = 0

    def written() -> Iterator[bytes]:
        nonlocal count
        for text in checkpoint.pieces(books):
            content = zlib.compress(text)
            with database.writing() as connection:
                checkpoints.add_piece(connection, books.number, count, content)
            count += 1
            yield text

    return checkpoint.hash_of(written()), count


def _lock_unchanged(connection: Connection, database: Database, since: Checkpoint) -> Head:
    """Lock the head. Raises Conflict if another process has archived at the same time."""
    at = head.lock(connection, database.capabilities)
    if checkpoints.last(connection) != since:
        raise Conflict("another process has archived at the same time, so that nothing was removed: try again")
    return at


def _move(connection: Connection, at: Head, chain: Chain) -> None:
    if not head.move(connection, at, Head(at.number, at.next_id, chain.number, chain.hash)):
        raise Conflict("another program wrote without the head's lock, so that nothing was removed: try again")


def _remove_archived(database: Database) -> Checkpoint:
    """Delete what the last checkpoint replaces, little by little. Return that checkpoint."""
    with database.reading() as connection:
        last = checkpoints.last(connection)
        first_record, first_change = audit.first_since(connection, None), changes.first(connection)
        earlier = checkpoints.earlier_pieces(connection, last)
    _in_slices(database, first_record, last.archived, audit.drop)
    _in_slices(database, first_change, last.number, changes.drop)
    for key in earlier:
        with database.writing() as connection:
            checkpoints.drop_piece(connection, key)
    return last


def _in_slices(database: Database, first: int | None, last: int, drop: Callable[[Connection, int, int], None]) -> None:
    """Delete the numbers from first to last, a few in each transaction, so that no other writer waits for long."""
    size = FIRST_SLICE
    while first is not None and first <= last:
        up_to = min(first + size - 1, last)
        with database.writing() as connection:
            head.lock(connection, database.capabilities)
            began = time.monotonic()
            drop(connection, first, up_to)
            took = max(time.monotonic() - began, 1e-6)  # the commit takes as long for one row as for many
        time.sleep(min(time.monotonic() - began, MOST_PAUSE_S))  # others go first
        first, size = up_to + 1, max(LEAST_SLICE, min(MOST_SLICE, 2 * size, round(size * SLICE_S / took)))
