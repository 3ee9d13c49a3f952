"""Queries of the change log and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from berth.ledger.queries.named_consumers import consumer_uuid
from berth.ledger.queries.provider_uuid import provider_uuid
from berth.ledger.write.writer import Writer
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.change import Change
from berth.model.errors import ChangesGone, ConsumerNotFound, Invalid, ProviderNotFound
from berth.model.names import parse_uuid
from berth.store import audit as audit_log
from berth.store import changes as change_log
from berth.store import head

if TYPE_CHECKING:
    from berth.ledger.audit.anomalies import LogScanner


class HistoryQueries:
    """What was changed, by which caller, and what of it is unusual."""

    _writer: Writer

    def changes(self, after: int | None = None, most: int = 100) -> list[Change]:
        """Return at most `most` entries of the change log, after this number (None: from the first one that is left).

        Raises ChangesGone if the next ones are in an archive.
        """
        self._writer.require_time()
        with self._writer.database.reading() as connection:
            page = change_log.page(connection, after or 0, most)
            self._writer.damaged_entries.note(connection, page)
            if after is not None and most:
                first = page[0].number if page else head.read(connection).number + 1
                if first > after + 1:
                    raise ChangesGone(first)
        return page

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
        summary: bool = False,
    ) -> list[AuditRecord]:
        """Return at most `most` records of the audit log that match, newest first.

        subject: the uuid of a provider or consumer that they are about; before: only records with a lower number;
        after: only those with a higher one, oldest first; facts: whether to read the states before and after as well;
        summary: a summary of the change in their place.
        """
        self._writer.require_time()
        filter_ = audit_log.AuditFilter(
            since=since,
            until=until,
            actor=actor,
            subject=None if subject is None else self._subject(subject),
            operation=operation,
            outcome=outcome,
            before=before,
            after=after,
            most=most,
            facts=facts,
            summary=summary,
        )
        with self._writer.database.reading() as connection:
            return audit_log.records(connection, filter_)

    def _subject(self, given: str) -> str:
        """Return a uuid, also of what no longer exists; of a name, that of its provider, else of its consumer.

        Raises ProviderNotFound, ConsumerAmbiguous.
        """
        uuid = parse_uuid(given)
        if uuid is not None:
            return uuid
        with self._writer.read_with_rows() as (fleet, connection):
            try:
                return provider_uuid(fleet, given)
            except ProviderNotFound as unknown:
                try:
                    return consumer_uuid(fleet, connection, given)
                except (ConsumerNotFound, Invalid):
                    raise unknown from None

    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> list[AuditRecord]:
        """Return what was done to a provider or a consumer, newest first, even if it no longer exists."""
        return self.audit(subject=uuid, before=before, most=most)

    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Return unusual activity that ended within this span (microseconds since 1970), from all of the audit log."""
        self._writer.require_time(long=True)
        scanner = self.log_scanner(since)
        while scanner.scan_page():
            pass
        return scanner.anomalies().within(since, until)

    def log_scanner(self, since: int | None = None) -> LogScanner:
        """Return a scanner for unusual activity since then (microseconds since 1970 UTC; None: all of the log)."""
        from berth.ledger.audit.anomalies import LogScanner

        return LogScanner(self._writer, since)
