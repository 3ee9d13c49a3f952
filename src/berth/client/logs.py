"""The change log and the audit log over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from berth.client.follow import follow
from berth.client.transport import Transport
from berth.model.anomaly import Anomalies
from berth.model.audit import AuditRecord
from berth.model.change import Change
from berth.model.errors import ConsumerNotFound, Invalid, ProviderNotFound
from berth.model.interface import LedgerInterface
from berth.model.names import parse_uuid
from berth.model.pages import Page
from berth.model.steps import Steps, in_steps

MOST_ITEMS: Final = 1_000
"""Items on one page."""


class LogRequests(LedgerInterface):
    """The verbs about the two logs, as requests."""

    _transport: Transport

    @in_steps
    def changes(self, after: int | None = None, most: int = 100) -> Steps[list[Change]]:
        """Return up to `most` entries of the change log, after this number (None: from the first one that is left).

        Raises ChangesGone if the next ones are in an archive.
        """
        found: list[Change] = []
        while len(found) < most:
            limit = min(most - len(found), MOST_ITEMS)
            page: Page[Change] = yield self._transport.get("/v1/changes", Page[Change], after=after, limit=limit)
            found += page.items
            if page.next is None:
                break
            after = found[-1].number
        return found

    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Yield every change after this number (None: from now on) once it is made, reconnecting if necessary."""
        return follow(self._transport, self.head() if after is None else after)

    @in_steps
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
        most: int = 100,
    ) -> Steps[list[AuditRecord]]:
        """Return up to `most` matching records of the audit log, newest first. before: a record's number."""
        params = {
            "since": since,
            "until": until,
            "actor": actor,
            "provider": None if subject is None else (yield self._subject(subject)),
            "operation": operation,
            "outcome": outcome,
        }
        records: list[AuditRecord] = yield self._records("/v1/audit", before, most, **params)
        return records

    def anomalies(self, *, since: int | None = None, until: int | None = None) -> Anomalies:
        """Return unusual activity of the last week that ended between two moments, in microseconds since 1970 UTC."""
        return self._transport.get("/v1/audit/anomalies", Anomalies, since=since, until=until)

    @in_steps
    def history(self, uuid: str, *, before: int | None = None, most: int = 100) -> Steps[list[AuditRecord]]:
        """Return what was done to a provider or consumer, newest first, even if it no longer exists."""
        subject = yield self._subject(uuid)
        records: list[AuditRecord] = yield self._records(f"/v1/providers/{subject}/history", before, most)
        return records

    @in_steps
    def _subject(self, given: str) -> Steps[str]:
        """Return a uuid, also of what no longer exists; of a name, that of its provider, else of its consumer."""
        uuid = parse_uuid(given)
        if uuid is not None:
            return uuid
        try:
            found: str = yield self._uuid_named(given)
        except ProviderNotFound as unknown:
            try:
                uuids: dict[str, str] = yield self._consumers_named([given])
            except (ConsumerNotFound, Invalid):
                raise unknown from None
            return uuids[given]
        return found

    @in_steps
    def _uuid_named(self, name: str) -> Steps[str]:
        """Return the uuid of the provider with this name. Raises ProviderNotFound."""
        uuids: dict[str, str] = yield self._uuids_of([name])
        if name not in uuids:
            raise ProviderNotFound(parse_uuid(name) or name)
        return uuids[name]

    @in_steps
    def _records(self, /, path: str, before: int | None, most: int, **params: Any) -> Steps[list[AuditRecord]]:
        found: list[AuditRecord] = []
        while len(found) < most:
            limit = min(most - len(found), MOST_ITEMS)
            page: Page[AuditRecord] = yield self._transport.get(
                path, Page[AuditRecord], after=before, limit=limit, **params
            )
            found += page.items
            if page.next is None:
                break
            before = found[-1].number
        return found
