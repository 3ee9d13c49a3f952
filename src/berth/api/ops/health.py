"""Whether a process lives, and whether it should be sent requests: /healthz and /readyz."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from berth.api.http.app import AsyncReply
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.ops import plain_text
from berth.api.ops.single_flight import SingleFlight
from berth.ledger import Ledger
from berth.model.errors import BerthError, DatabaseUnusable

READY_S: Final = 2.0
"""How long a database may take to answer before this counts as no answer."""

_LOG = logging.getLogger("berth")


class Liveness:
    """/healthz: it answers, so it lives. For everybody."""

    @staticmethod
    def operations() -> Iterator[str]:
        """None that a policy need speak of."""
        return iter(())

    def handle(self, request: Request) -> Reply:
        """200, whatever the database does."""
        try:
            plain_text.check(request, "/healthz")
        except HttpError as error:
            return self.refuse(request, error)
        request.info.operation = "healthz"
        return plain_text.plain(request, 200, "ok\n")

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
        return plain_text.told(request, error)


class Readiness:
    """/readyz: the database answers, and all that it holds is known here. For everybody, in words that tell nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ping = SingleFlight("ready", ledger.ping)

    @staticmethod
    def operations() -> Iterator[str]:
        """None that a policy need speak of."""
        return iter(())

    def handle(self, request: Request) -> Reply | AsyncReply:
        """200 or 503, soon."""
        try:
            plain_text.check(request, "/readyz")
        except HttpError as error:
            return self.refuse(request, error)
        request.info.operation = "readyz"
        return AsyncReply(self._told(request))

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
        return plain_text.told(request, error)

    async def _told(self, request: Request) -> Reply:
        why = await self._why_not()
        if why is None:
            return plain_text.plain(request, 200, "ready\n")
        return plain_text.plain(request, 503, f"not ready: {why}\n")

    async def _why_not(self) -> str | None:
        try:
            await self._ping.result(READY_S)
        except TimeoutError:
            return "the database does not answer in time"
        except DatabaseUnusable as error:
            _LOG.warning("not ready: %s", error)
            return "the database cannot be used"
        except BerthError as error:
            _LOG.warning("not ready: %s", error)
            return "the database is away"
        return None
