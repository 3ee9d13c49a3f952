"""Observers of commits: metrics and traces, without the ledger knowing either."""

from __future__ import annotations

from collections.abc import Sequence


class CommitObserver:
    """Receives commit events, in the thread in which they occur. Does nothing by default.

    Implementations must not raise. Times are those of time.time_ns.
    """

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """Handle the commit of one transaction, which carried out the commands of these requests."""

    def tried_again(self) -> None:
        """Handle the retry of a batch, after a conflict or because the database was unreachable."""

    def refused(self, error: Exception) -> None:
        """Handle a command that was refused or that failed."""

    def found(self, began_ns: int, ended_ns: int) -> None:
        """Handle the end of a search for candidates."""

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """Handle the arrival of other processes' changes. head: the newest change; changes: their number."""


class CommitObservers(CommitObserver):
    """Several observers as one."""

    def __init__(self, *each: CommitObserver) -> None:
        self._each = each

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        for one in self._each:
            one.committed(requests, began_ns, ended_ns)

    def tried_again(self) -> None:
        """See CommitObserver."""
        for one in self._each:
            one.tried_again()

    def refused(self, error: Exception) -> None:
        """See CommitObserver."""
        for one in self._each:
            one.refused(error)

    def found(self, began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        for one in self._each:
            one.found(began_ns, ended_ns)

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See CommitObserver."""
        for one in self._each:
            one.followed(head, changes, seconds)
