"""Who is told how writing goes: metrics and traces, so that the ledger need know neither."""

from __future__ import annotations

from collections.abc import Sequence


class CommitObserver:
    """Is told what happens, in whichever thread it happens. By itself it makes nothing of it; nothing may be raised."""

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """One transaction has carried out the commands of these requests. Times: of time.time_ns."""

    def tried_again(self) -> None:
        """A batch is tried once more: others were in the way, or the database was away."""

    def refused(self, error: Exception) -> None:
        """A command was refused, or failed."""

    def found(self, began_ns: int, ended_ns: int) -> None:
        """The fleet was searched for candidates. Times: of time.time_ns."""

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """So many changes that others made were taken in; all up to the head is known now."""


class CommitObservers(CommitObserver):
    """Several, as one."""

    def __init__(self, *each: CommitObserver) -> None:
        self._each = each

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See Witness."""
        for one in self._each:
            one.committed(requests, began_ns, ended_ns)

    def tried_again(self) -> None:
        """See Witness."""
        for one in self._each:
            one.tried_again()

    def refused(self, error: Exception) -> None:
        """See Witness."""
        for one in self._each:
            one.refused(error)

    def found(self, began_ns: int, ended_ns: int) -> None:
        """See Witness."""
        for one in self._each:
            one.found(began_ns, ended_ns)

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See Witness."""
        for one in self._each:
            one.followed(head, changes, seconds)
