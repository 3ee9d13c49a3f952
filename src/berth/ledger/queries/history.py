"""Queries of the change log and the audit log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from berth.ledger.audit.anomalies import LogScanner
from berth.ledger.write.writer import Writer
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.change import Change
from berth.model.validation import canonical_uuid
from berth.store import audit as audit_log
from berth.store import changes as change_log

LOOK_S: Final = 0.2
"""How long a follower of the change log waits before it reads again."""


class HistoryQueries:
    """What was changed, by which caller, and what of it is unusual."""

    _writer: Writer

    def changes(self, after: int = 0, most: int = 100) -> list[Change]:
        """Return at most `most` entries of the change log, after this number."""
        with self._writer.database.reading() as connection:
            return change_log.page(connection, after, most)

    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Yield every change after this number (None: from now on) once committed, without end."""
        if after is None:
            with self._writer.read() as fleet:
                after = fleet.head
        while True:
            page = self.changes(after)
            yield from page
            if page:
                after = page[-1].number
            else:
                time.sleep(LOOK_S)

    def audit(
        self,
        *,
        since: int | None = None,
        until: int | None = None,
        actor: str | None = None,
        subject: str | None = None,
        operation: str | None = None,
        outcome: str | None = None,
        before: int | None = None,
        after: int | None = None,
        most: int | None = 100,
        facts: bool = True,
    ) -> list[AuditRecord]:
        """Return at most `most` records of the audit log that match, newest first.

        subject: the uuid of a provider or consumer that they are about; before: only records with a lower number;
        after: only those with a higher one, oldest first; facts: whether to read the states before and after as well.
        """
        filter_ = audit_log.AuditFilter(
            since=since,
            until=until,
            actor=actor,
            subject=None if subject is None else canonical_uuid(subject),
            operation=operation,
            outcome=outcome,
            before=before,
            after=after,
            most=most,
            facts=facts,
        )
        with self._writer.database.reading() as connection:
            return audit_log.records(connection, filter_)

    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> list[AuditRecord]:
        """Return what was done to a provider or a consumer, newest first, even if it no longer exists."""
        return self.audit(subject=uuid, before=before, most=most)

    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Return unusual activity that ended within this span (microseconds since 1970), from all of the audit log."""
        scanner = self.log_scanner(since)
        while scanner.scan_page():
            pass
        return scanner.anomalies().within(since, until)

    def log_scanner(self, since: int | None = None) -> LogScanner:
        """Return a scanner for unusual activity since then (microseconds since 1970 UTC; None: all of the log)."""
        return LogScanner(self._writer, since)
