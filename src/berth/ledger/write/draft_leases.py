"""Leases as a batch sees them: as they were read, and what its commands have decided of them."""

from __future__ import annotations

from berth.ledger.write.draft_entities import DraftLease, Prefetched
from berth.model.errors import LeaseEnded, LeaseNotFound


class DraftLeases:
    """The leases of one batch.

    known: by uuid; to_sweep: None unless a command asks for a sweep; changed: those whose rows are to be written;
    restarts_grace: whether all that are overdue have their whole grace again from now; ticks: whether the commit only
    shows that the ledger is there; dropped: ids of leases that ended long ago; alarm: why the change of the
    last command has to be looked at by a person, "" if it has not.
    """

    def __init__(self, prefetched: Prefetched) -> None:
        self.known = {lease.uuid: lease for lease in prefetched.leases}
        self.to_sweep = prefetched.to_sweep
        self.changed: dict[str, None] = {}
        self.restarts_grace = self.ticks = False
        self.dropped: list[int] = []
        self.alarm = ""

    @property
    def to_write(self) -> bool:
        """Whether there is anything to commit, even if nothing enters the logs."""
        return bool(self.changed or self.restarts_grace or self.ticks or self.dropped)

    def put(self, lease: DraftLease) -> None:
        """Add a lease, or note that a known one has changed."""
        self.known[lease.uuid] = lease
        self.changed[lease.uuid] = None

    def usable(self, uuid: str, project: str | None = None) -> DraftLease:
        """Return a lease that has not ended. project: of the claim that names it. Raises LeaseNotFound, LeaseEnded."""
        lease = self.known.get(uuid)
        if lease is None or project not in (None, lease.project):
            raise LeaseNotFound(uuid)
        if lease.ended_at is not None:
            raise LeaseEnded(uuid, lease.ended_at)
        return lease
