"""Entries of the change log that cannot be read: what this process has met, for its log, its metrics and /readyz."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from berth.model.change import Change
from berth.store import audit

MEND: Final = "MendLedger"
"""The operation of the change that mends a ledger."""

MENDED: Final = "MendEntry"
"""The operation of a record that says which entry was mended: its target is the entry's number, `why` its fault."""

ADVICE: Final = "`berth db mend` records again what it was about"

_LOG = logging.getLogger("berth")


class DamagedEntries:
    """The entries that this process has met and found unreadable, unless they were mended since.

    Safe to share between threads, each of which may have read the log to another place.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[int, str] = {}
        self._mended: set[int] = set()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the entries, in order."""
        return tuple(sorted(self._faults))

    def note(self, connection: Connection, changes: Iterable[Change]) -> None:
        """Take notice of entries that were read: of those that cannot be used, and of those that mend others."""
        for change in changes:
            for number in change.facts.mended:
                self._note_mended(number)
            if change.fault and change.number not in self._faults.keys() | self._mended:
                self._note_fault(connection, change)

    def look_again(self, connection: Connection) -> None:
        """Forget those that were mended, when the log itself is not followed."""
        for number in self.numbers:
            if audit.is_recorded(connection, MENDED, str(number)):
                self._faults.pop(number, None)

    def _note_mended(self, number: int) -> None:
        with self._lock:
            self._mended.add(number)
            self._faults.pop(number, None)

    def _note_fault(self, connection: Connection, change: Change) -> None:
        if audit.is_recorded(connection, MENDED, str(change.number)):
            self._note_mended(change.number)
            return
        with self._lock:
            if change.number in self._faults.keys() | self._mended:  # by another thread, since then
                return
            self._faults[change.number] = change.fault
        _LOG.error("change %d of the log cannot be read (%s): %s", change.number, change.fault, ADVICE)
