"""The queries of leases: they read rows, since renewals are in no log."""

from __future__ import annotations

from sqlalchemy import Connection

from berth.ledger.write.decide.leases import info_of
from berth.ledger.write.draft_entities import DraftLease
from berth.ledger.write.writer import Writer
from berth.model.errors import Invalid, LeaseNotFound
from berth.model.interface import LedgerInterface
from berth.model.lease import LeaseInfo, LeasePage, LeaseState
from berth.model.leases import Leases
from berth.model.names import parse_uuid
from berth.model.request_validation import check_limit
from berth.model.validation import canonical_uuid
from berth.store import leases as stored
from berth.store.leases import LeaseRow


class LeaseQueries(Leases):
    """The verbs of leases on an open ledger."""

    def __init__(self, ledger: LedgerInterface, writer: Writer) -> None:
        super().__init__(ledger)
        self._writer = writer

    def get(self, lease: str) -> LeaseInfo:
        """Return a lease. Raises LeaseNotFound, Invalid."""
        uuid = canonical_uuid(lease)
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            rows = stored.by_uuid(connection, [uuid])
            if not rows:
                raise LeaseNotFound(uuid)
            return _info(rows[0], fleet.leased.counts)

    def list(
        self, *, project: str = "", state: LeaseState | None = None, limit: int = 100, after: str | None = None
    ) -> LeasePage:
        """Return a page of leases by uuid. Raises Invalid."""
        check_limit(limit)
        if after and parse_uuid(after) is None:
            raise Invalid(f"{after!r} is not the end of a page of leases")
        self._writer.require_time()
        with self._writer.read_with_rows() as (fleet, connection):
            rows = stored.page(connection, project, state, after or "", limit + 1)
            items = [_info(row, fleet.leased.counts) for row in rows[:limit]]
            now = self._writer.time.known
        return LeasePage(now, items, items[-1].uuid if len(rows) > limit else None)

    def count(self) -> dict[LeaseState, int]:
        """Return how many leases there are in each state; without a query if there has never been one."""
        if not self._writer.time.beat:
            return dict.fromkeys(LeaseState, 0)
        with self._writer.database.reading() as connection:
            return stored.by_state(connection)


def overdue(connection: Connection, counts: dict[str, int], project: str, limit: int) -> list[LeaseInfo]:
    """Return the leases that are overdue, the first to end first. counts: of consumers, by lease."""
    return [_info(row, counts) for row in stored.overdue(connection, project, limit)]


def _info(row: LeaseRow, counts: dict[str, int]) -> LeaseInfo:
    lease = DraftLease(**row._asdict(), stored=True)
    return info_of(lease, counts.get(row.uuid, 0))
