"""Backups of a ledger in a file, while others write to it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from berth.model.errors import BerthError

_PART: Final = ".part"
"""What the name of an unfinished copy ends with."""


class BackupFailed(BerthError):
    """A backup cannot be written, and nothing of it is left."""


def copy_ledger(source: Path, target: Path) -> int:
    """Write one moment of an SQLite ledger into a new file that only this user can read.

    Return the number of the last change in it. Raises BackupFailed.
    """
    part = target.with_name(target.name + _PART)
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupFailed(f"{part} cannot be created: {error.strerror}") from None
    try:
        number = _vacuum(source, part)
        _sync(part)
        part.rename(target)
        _sync(target.parent)
        return number
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{target} cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def copy_key(source: Path, target: Path) -> None:
    """Copy a key file into a new one that only this user can read. Raises BackupFailed."""
    try:
        secret = source.read_bytes()
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(secret)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise BackupFailed(f"the key {source} cannot be copied to {target}: {error.strerror}") from None


def _vacuum(source: Path, part: Path) -> int:
    """Write the ledger as of one moment into an empty file; return the number of its last change."""
    ledger = sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True)
    try:
        ledger.execute("VACUUM INTO ?", (str(part),))
    finally:
        ledger.close()
    copy = sqlite3.connect(part)
    try:
        (number,) = copy.execute("SELECT number FROM head").fetchone()
    finally:
        copy.close()
    return int(number)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
