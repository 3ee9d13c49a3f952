"""Who sends a request, known before its body is read or its handler runs.

In the event loop, if that takes no waiting; else in threads that do nothing else, so that requests that wait for an
identity service hold up neither reads nor commits. One question about a credential is under way at a time, and few
from one address: a client with ever new tokens waits for itself.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from weakref import WeakValueDictionary

from berth.api.http.error_response import unavailable
from berth.api.http.forwarded import site_of
from berth.api.http.messages import HttpError, Request, retry_after
from berth.api.http.mounts import Mounts
from berth.ledger import Ledger
from berth.ledger.request_scope import NeedsTime
from berth.model.errors import BerthError, DatabaseUnusable, Unavailable

THREADS: Final = 16
"""How many questions are under way at a time."""

PER_ADDRESS: Final = 4
"""How many of them for requests from one address."""

LIMIT_S: Final = 10.0
"""How long identification may take, with the wait for a thread."""


class Identification:
    """Identifies callers, in one event loop."""

    def __init__(self, mounts: Mounts, ledger: Ledger) -> None:
        self._mounts, self._ledger = mounts, ledger
        self._threads = ThreadPoolExecutor(THREADS, "berth-auth")
        self._questions: dict[tuple[str | None, ...], asyncio.Task[None]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def identify(self, request: Request) -> None:
        """Note the caller of a request. Raise HttpError 401 if it is unknown, or 503 if that cannot be found out."""
        if self._is_identified(request):
            return
        try:
            async with asyncio.timeout(LIMIT_S):
                while not (await self._ask_once(request) or self._is_identified(request)):
                    pass  # the answer to another's question did not settle this one
        except TimeoutError:
            raise HttpError(503, "Authentication took too long. Try again.", headers=retry_after()) from None

    def _is_identified(self, request: Request) -> bool:
        """Whether the caller can be identified without waiting, and then is."""
        try:
            self._identify(request, brief=True)
        except NeedsTime:
            return False
        return True

    async def _ask_once(self, request: Request) -> bool:
        """Ask who a request's caller is, or wait until the same question has been answered for another request.

        Return whether this request's own was asked.
        """
        key = _credential_of(request)
        asked = self._questions.get(key)
        if asked is not None:
            await _answered(asked)
            return False
        question = self._questions[key] = asyncio.create_task(self._ask(request))
        question.add_done_callback(lambda done: self._end(key, done))
        await asyncio.shield(question)
        return True

    def _end(self, key: tuple[str | None, ...], question: asyncio.Task[None]) -> None:
        del self._questions[key]
        if not question.cancelled():
            question.exception()  # its client may have gone: nothing else retrieves it

    async def _ask(self, request: Request) -> None:
        turn = self._turns.setdefault(site_of(request.address), asyncio.Semaphore(PER_ADDRESS))
        async with turn:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._identify, request)

    def _identify(self, request: Request, *, brief: bool = False) -> None:
        try:
            with self._ledger.request(request.id, deadline=time.monotonic() + LIMIT_S, brief=brief):
                self._mounts.identify(request)
        except NeedsTime:
            raise
        except (Unavailable, DatabaseUnusable) as error:
            raise unavailable(error, request.id) from None
        except BerthError as error:
            raise HttpError(
                503, "Authentication is not available at the moment. Try again.", headers=retry_after()
            ) from error


async def _answered(question: asyncio.Task[None]) -> None:
    """Wait for another request's question. Raise its error only if the identity service could not be asked."""
    try:
        await asyncio.shield(question)
    except HttpError as error:
        if error.status == 503:
            raise


def _credential_of(request: Request) -> tuple[str | None, ...]:
    return *map(request.headers.get, ("x-auth-token", "x-service-token", "authorization")), request.certificate
