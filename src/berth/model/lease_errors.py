"""The errors of leases."""

from __future__ import annotations

from berth.model.error_kinds import Conflict, NotFound


class LeaseNotFound(NotFound):
    """There is no such lease, or it is of another project than the claim. It may have ended more than a week ago."""

    def __init__(self, lease: str) -> None:
        super().__init__(f"No lease with uuid {lease} found in the project.")
        self.lease = lease


class LeaseEnded(Conflict):
    """The lease has ended and is not revived: what its claims had may belong to others. at: when, in microseconds."""

    def __init__(self, lease: str, at: int) -> None:
        super().__init__(f"Lease {lease} has ended: grant another, and claim again.")
        self.lease, self.at = lease, at


class LeaseExists(Conflict):
    """There is a lease with this uuid, of another name or project, or with other times."""

    def __init__(self, lease: str) -> None:
        super().__init__(f"Another lease has the uuid {lease} already.")
        self.lease = lease
