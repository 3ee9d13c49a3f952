"""Leases for the tasks of an event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from berth.client.awaited import awaited
from berth.client.leases import LeaseRequests
from berth.model.errors import BerthError, LeaseEnded, LeaseNotFound
from berth.model.leases import BEATS, Lease

P = ParamSpec("P")

_LOG = logging.getLogger("berth")


class AsyncLeases:
    """The verbs of leases."""

    def __init__(self, verbs: LeaseRequests) -> None:
        self._verbs = verbs

    @staticmethod
    def _granted(
        verb: Callable[Concatenate[LeaseRequests, P], Lease],
    ) -> Callable[Concatenate[AsyncLeases, P], Coroutine[Any, Any, AsyncLease]]:
        @wraps(verb)
        async def granted(self: AsyncLeases, /, *args: P.args, **kwargs: P.kwargs) -> AsyncLease:
            return AsyncLease(await awaited(verb)(self, *args, **kwargs))

        return granted

    grant = _granted(LeaseRequests.grant)
    renew = awaited(LeaseRequests.renew)
    end = awaited(LeaseRequests.end)
    get = awaited(LeaseRequests.get)
    list = awaited(LeaseRequests.list)


class AsyncLease:
    """A lease as the task has it that renews it; see `berth.Lease`."""

    def __init__(self, verbs: Lease) -> None:
        self._verbs = verbs

    @property
    def uuid(self) -> str:
        """The uuid of the lease."""
        return self._verbs.uuid

    @property
    def ttl(self) -> int:
        """For how long it is renewed, in seconds."""
        return self._verbs.ttl

    @property
    def deadline(self) -> int:
        """Until when it is renewed, as of the last beat, in microseconds since 1970 UTC."""
        return self._verbs.deadline

    beat = awaited(Lease.beat)
    end = awaited(Lease.end)

    @asynccontextmanager
    async def keep(self) -> AsyncIterator[AsyncLease]:
        """Renew the lease inside the context, in a task, three times in its ttl. Raises LeaseEnded at the end.

        An unreachable ledger is asked again; that the lease has ended is logged at once.
        """
        lost: list[BerthError] = []
        task = asyncio.create_task(self._beat_on(lost), name="lease")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if lost:
            raise lost[0]

    async def _beat_on(self, lost: list[BerthError]) -> None:
        while True:
            await asyncio.sleep(self.ttl / BEATS)
            try:
                await self.beat()
            except (LeaseEnded, LeaseNotFound) as error:
                _LOG.error("%s", error)
                lost.append(error)
                return
            except BerthError as error:
                _LOG.warning("lease %s is not renewed: %s", self.uuid, error)
