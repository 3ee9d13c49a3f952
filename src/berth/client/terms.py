"""What is about how long claims count, over HTTP: the agenda, and leases."""

from __future__ import annotations

from berth.client.leases import LeaseRequests
from berth.client.transport import Transport
from berth.model.agenda import Agenda
from berth.model.interface import LedgerInterface


class TermRequests(LedgerInterface):
    """The verbs about how long claims count, as requests."""

    _transport: Transport

    @property
    def leases(self) -> LeaseRequests:
        """The verbs of leases."""
        return LeaseRequests(self, self._transport)

    def agenda(
        self, *, until: int | None = None, project: str = "", limit: int = 100, after: str | None = None
    ) -> Agenda:
        """Return a page of the claims that end and the holds that lapse next, the earliest first. Raises Invalid."""
        return self._transport.get("/v1/agenda", Agenda, until=until, project=project, limit=limit, after=after)
