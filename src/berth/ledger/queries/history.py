"""The verbs that ask what was done, by whom, and who may come in."""

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
"""How often whoever follows the change log looks for more."""


class HistoryQueries:
    """Queries of the change log and the audit log."""

    _writer: Writer

    def changes(self, after: int = 0, most: int = 100) -> list[Change]:
        """At most so many entries of the change log, after this number."""
        with self._writer.database.reading() as connection:
            return change_log.page(connection, after, most)

    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Every change after this number (None: from now on) as it comes, without end; it looks often."""
        if after is None:
            with self._writer.read() as fleet:
                after = fleet.head
        while True:
            found = self.changes(after)
            yield from found
            if found:
                after = found[-1].number
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
        """At most so many records of the audit log that are like this.

        subject: the uuid of a provider or consumer that they are about; before: the number of a record.
        Newest first; oldest first from a record on if after is given. facts: whether to read what was touched as well.
        """
        wanted = audit_log.AuditFilter(
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
            return audit_log.records(connection, wanted)

    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> list[AuditRecord]:
        """What was done to a provider or a consumer, newest first, whether it is there still or not."""
        return self.audit(subject=uuid, before=before, most=most)

    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Unusual activity that ended within this span (microseconds since 1970), out of all the audit log says."""
        scanner = self.log_scanner(since)
        while scanner.scan_page():
            pass
        return scanner.anomalies().within(since, until)

    def log_scanner(self, since: int | None = None) -> LogScanner:
        """Return a scanner for unusual activity since then (microseconds since 1970 UTC; None: all of the log)."""
        return LogScanner(self._writer, since)
