"""The verbs about how long claims count: a part of the interface of a ledger (berth.model.interface)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from berth.model.agenda import Agenda
from berth.model.alive_list import AliveList
from berth.model.commands import ReleaseAllocations, Undo
from berth.model.ended_consumer import UndoOutcome
from berth.model.holds import Holds
from berth.model.leases import Leases
from berth.model.namespace import CommandLedger
from berth.model.reconciliation import ReconcileReport, ReconcileRequest
from berth.model.report import MOST_ROWS, ReportBy, UsageReport


class TermVerbs(CommandLedger, Protocol):
    """What ends next, holds, leases, claims of consumers that are gone, and what was held for how long."""

    def release(self, consumer: str, *, key: str | None = None) -> None:
        """Release everything that a consumer holds. Raises AllocationsNotFound."""
        return self._done(self.do(ReleaseAllocations(consumer=consumer), key=key))

    @property
    def holds(self) -> Holds:
        """The verbs of holds."""
        return Holds(self)

    @property
    @abstractmethod
    def leases(self) -> Leases:
        """The verbs of leases."""

    @abstractmethod
    def agenda(
        self, *, until: int | None = None, project: str = "", limit: int = 100, after: str | None = None
    ) -> Agenda:
        """Return a page of the claims that end and the holds that lapse next, the earliest first.

        until: only up to this instant, in microseconds since 1970 UTC; project: only its consumers. Raises Invalid.
        """

    @abstractmethod
    def reconcile(
        self, request: ReconcileRequest, *, alive: AliveList | None = None, key: str | None = None
    ) -> ReconcileReport:
        """Compare claims with a list of who is alive; end the orphans if asked. Raises PlanOutdated ...

        alive: the list, if it is long, instead of that of the request.
        """

    def undo(self, change: int, *, partial: bool = False, key: str | None = None) -> UndoOutcome:
        """Restore claims that Berth ended in a change, not their owners. Raises CannotUndo."""
        outcome: UndoOutcome = self.do(Undo(change=change, partial=partial), key=key)
        return outcome

    @abstractmethod
    def report(
        self,
        by: ReportBy | str = ReportBy.PROJECT,
        *,
        since: int | None = None,
        until: int | None = None,
        resource_class: str = "",
        project: str = "",
        limit: int = MOST_ROWS,
    ) -> UsageReport:
        """Return how much was held for how long, between two instants in microseconds since 1970 UTC.

        since: 30 days before `until` if None; until: now if None or later; resource_class, project: only of these.
        Raises Invalid, ClassNotFound, ReportTooLong.
        """
