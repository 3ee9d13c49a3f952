"""The errors of leases."""

from __future__ import annotations

from berth.model.error_kinds import Conflict, NotFound


class LeaseNotFound(NotFound):
    """The project has no such lease. It may have ended more than a week ago."""

    def __init__(self, lease: str) -> None:
        super().__init__(f"No lease with uuid {lease} found in the project.")
        self.lease = lease


class LeaseEnded(Conflict):
    """The lease has ended and cannot be renewed: others may hold what its claims had. at: when, in microseconds."""

    def __init__(self, lease: str, at: int) -> None:
        super().__init__(f"Lease {lease} has ended: grant another, and claim again.")
        self.lease, self.at = lease, at


class LeaseExists(Conflict):
    """There is a lease with this uuid and another name, project, ttl or grace."""

    def __init__(self, lease: str) -> None:
        super().__init__(f"Another lease has the uuid {lease} already.")
        self.lease = lease
