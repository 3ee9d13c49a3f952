"""Health checks: /healthz (the process runs) and /readyz (it can serve requests)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from berth.api.http.app import AsyncReply
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.ops import plain_text
from berth.api.ops.single_flight import SingleFlight
from berth.ledger import Ledger
from berth.ledger.damaged_entries import ADVICE
from berth.model.errors import BerthError, DatabaseUnusable

READY_S: Final = 2.0
"""How long the database may take to answer."""

MOST_NOTES: Final = 10
"""How many entries that cannot be read are named."""

_LOG = logging.getLogger("berth")


class Liveness:
    """/healthz: the process runs. Needs no token."""

    @staticmethod
    def operations() -> Iterator[str]:
        """Return no operations: this needs no rule in a policy."""
        return iter(())

    def identify(self, request: Request) -> None:
        """Accept every request: this needs no token."""

    def handle(self, request: Request) -> Reply:
        """Return 200, without asking the database."""
        try:
            plain_text.check(request, "/healthz")
        except HttpError as error:
            return self.refuse(request, error)
        request.info.operation = "healthz"
        return plain_text.plain(request, 200, "ok\n")

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        return plain_text.error(request, error)


class Readiness:
    """/readyz: the database answers, and this process has caught up with it. Needs no token, and reveals no details.

    An entry of the change log that cannot be read makes it no less ready, but is named, with what to do.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._ping = ledger, SingleFlight("ready", ledger.ping)

    @staticmethod
    def operations() -> Iterator[str]:
        """Return no operations: this needs no rule in a policy."""
        return iter(())

    def identify(self, request: Request) -> None:
        """Accept every request: this needs no token."""

    def handle(self, request: Request) -> Reply | AsyncReply:
        """Return 200 or 503, within READY_S."""
        try:
            plain_text.check(request, "/readyz")
        except HttpError as error:
            return self.refuse(request, error)
        request.info.operation = "readyz"
        return AsyncReply(self._reply(request))

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        return plain_text.error(request, error)

    async def _reply(self, request: Request) -> Reply:
        why = await self._why_not()
        if why is None:
            return plain_text.plain(request, 200, f"ready\n{self._notes()}")
        return plain_text.plain(request, 503, f"not ready: {why}\n")

    def _notes(self) -> str:
        """Return a line for each entry of the change log that cannot be read, at most MOST_NOTES."""
        numbers = self._ledger.damaged_entries
        notes = [f"change {number} of the log cannot be read: {ADVICE}\n" for number in numbers[:MOST_NOTES]]
        left_out = len(numbers) - len(notes)
        return "".join(notes) + (f"and {left_out} more\n" if left_out else "")

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
            return "the database is unreachable"
        return None
