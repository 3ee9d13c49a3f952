"""Observers of commits: metrics and traces, without the ledger knowing either."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from berth.model.commands import Command

_LOG = logging.getLogger("berth")


class CommitObserver:
    """Receives commit events, in the thread in which they occur. Does nothing by default.

    Implementations must not raise. Times are those of time.time_ns.
    """

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """Handle the commit of one transaction, which carried out the commands of these requests."""

    def claims_changed(self, events: Sequence[str]) -> None:
        """Handle what became of claims with a term in one batch: each a LifeEvent or an EndReason."""

    def tried_again(self) -> None:
        """Handle the retry of a batch, after a conflict or because the database was unreachable."""

    def refused(self, error: Exception) -> None:
        """Handle a command that was refused or that failed."""

    def command_refused(self, command: Command, error: Exception) -> None:
        """Handle the refusal of a command, after `refused`."""

    def replayed(self) -> None:
        """Handle a command that got the answer which was kept for its idempotency key."""

    def found(self, began_ns: int, ended_ns: int) -> None:
        """Handle the end of a search for candidates."""

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """Handle the arrival of other processes' changes. head: the newest change; changes: their number."""

    def forked(self) -> None:
        """Handle the discovery that the database holds another history than this process knew."""


class CommitObservers(CommitObserver):
    """Several observers as one. What one of them raises is logged, and changes nothing for the others or the ledger."""

    def __init__(self, *each: CommitObserver) -> None:
        self._each = each

    def committed(self, requests: Sequence[str], began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.committed(requests, began_ns, ended_ns))

    def claims_changed(self, events: Sequence[str]) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.claims_changed(events))

    def tried_again(self) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.tried_again())

    def refused(self, error: Exception) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.refused(error))

    def command_refused(self, command: Command, error: Exception) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.command_refused(command, error))

    def replayed(self) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.replayed())

    def found(self, began_ns: int, ended_ns: int) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.found(began_ns, ended_ns))

    def followed(self, head: int, changes: int, seconds: float) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.followed(head, changes, seconds))

    def forked(self) -> None:
        """See CommitObserver."""
        self._call(lambda one: one.forked())

    def _call(self, event: Callable[[CommitObserver], None]) -> None:
        for one in self._each:
            try:
                event(one)
            except Exception:  # noqa: BLE001 - the log has it
                _LOG.exception("an observer of commits failed")
