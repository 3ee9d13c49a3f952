"""The verbs of leases, and a lease as a program holds it."""

from __future__ import annotations

import logging
import threading
import uuid as uuids
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from berth.model.errors import BerthError, LeaseEnded, LeaseNotFound
from berth.model.lease import LeaseClaims, LeaseInfo, LeasePage, LeaseState, OnEnd, Renewal, RenewalRefusal
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.namespace import Namespace
from berth.model.steps import Steps, in_steps

T = TypeVar("T")

BEATS: Final = 3
"""How often `keep` renews a lease within its ttl, so that one lost request does no harm."""

_LOG = logging.getLogger("berth")


class Leases(Namespace):
    """The verbs of leases, an attribute of a ledger or a client. A claim goes on with one by `Term(lease=...)`."""

    @in_steps
    def grant(
        self,
        name: str,
        *,
        project: str,
        ttl: int,
        grace: int | None = None,
        on_end: OnEnd = OnEnd.RELEASE,
        uuid: str | None = None,
        key: str | None = None,
    ) -> Steps[Lease]:
        """Grant a lease for `ttl` seconds from now. Return it, to be renewed. Raises LeaseExists, Invalid.

        grace: how long it stays overdue before it ends, in seconds, by default the ttl; with less, a
        lease that is renewed once a ttl may not outlast an outage of Berth. on_end: what becomes of its claims.
        """
        command = GrantLease(
            uuid=uuid or str(uuids.uuid4()), name=name, project=project, ttl=ttl, grace=grace, on_end=on_end
        )
        granted: LeaseInfo = yield self._do(command, key=key)
        return Lease(self, granted.uuid, granted.ttl, granted.deadline)

    def renew(self, leases: Iterable[str]) -> dict[str, Renewal]:
        """Renew leases by their uuids. Return the deadline of each, or why it was not renewed."""
        answers: dict[str, Renewal] = self._do(RenewLeases(uuids=tuple(leases)))
        return answers

    def end(self, lease: str, claims: LeaseClaims = LeaseClaims.RELEASE, *, key: str | None = None) -> int:
        """End a lease, and release its claims, or let them go on without it. Return how many those are.

        Of more than a thousand the rest is released within seconds. Raises LeaseNotFound, LeaseEnded.
        """
        count: int = self._do(EndLease(uuid=lease, claims=claims), key=key)
        return count

    @abstractmethod
    def get(self, lease: str) -> LeaseInfo:
        """Return a lease. Raises LeaseNotFound."""

    @abstractmethod
    def list(
        self, *, project: str = "", state: LeaseState | None = None, limit: int = 100, after: str | None = None
    ) -> LeasePage:
        """Return a page of leases by uuid; those that have ended are listed for a week."""


class Lease:
    """A lease as the program has it that renews it. deadline: in microseconds since 1970 UTC, as of the last beat."""

    def __init__(self, leases: Leases, uuid: str, ttl: int, deadline: int) -> None:
        self._leases = leases
        self.uuid, self.ttl, self.deadline = uuid, ttl, deadline

    @in_steps
    def beat(self) -> Steps[int]:
        """Renew the lease. Return its deadline. Raises LeaseEnded, LeaseNotFound."""
        answers: dict[str, Renewal] = yield self._leases.renew((self.uuid,))
        answer = answers[self.uuid]
        if answer is RenewalRefusal.ENDED:
            info: LeaseInfo = yield self._leases.get(self.uuid)
            raise LeaseEnded(self.uuid, info.ended_at or 0)
        if isinstance(answer, RenewalRefusal):
            raise LeaseNotFound(self.uuid)
        self.deadline = answer
        return answer

    @contextmanager
    def keep(self) -> Iterator[Lease]:
        """Renew the lease inside the context, in a thread, three times in its ttl. Raises LeaseEnded at the end.

        An unreachable ledger is asked again; that the lease has ended is logged at once.
        """
        ended = threading.Event()
        lost: list[BerthError] = []
        thread = threading.Thread(target=self._beat_until, args=(ended, lost), name="lease", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()
        if lost:
            raise lost[0]

    def end(self, claims: LeaseClaims = LeaseClaims.RELEASE) -> int:
        """End the lease; see Leases.end."""
        return self._leases.end(self.uuid, claims)

    def _run(self, steps: Steps[T]) -> Any:
        return self._leases._run(steps)  # noqa: SLF001 - its steps are the ledger's

    def _beat_until(self, ended: threading.Event, lost: list[BerthError]) -> None:
        while not ended.wait(self.ttl / BEATS):
            try:
                self.beat()
            except (LeaseEnded, LeaseNotFound) as error:
                _LOG.error("%s", error)
                lost.append(error)
                return
            except BerthError as error:
                _LOG.warning("lease %s is not renewed: %s", self.uuid, error)
