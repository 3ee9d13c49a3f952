"""The body of a request. Only of known callers is more read than a few kilobytes, and waited for.

A short body has almost always arrived with its headers, and is simply read. Of any other it must be known first who
sends it, which the headers say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from berth.api.http.admission import Reservation
from berth.api.http.head import declared_length
from berth.api.http.identification import Identification
from berth.api.http.json_depth import is_deeper
from berth.api.http.messages import LARGE_BODY, BodySink, LimitExceeded, Request, is_streamed
from berth.api.http.timeouts import Timeouts
from berth.model.caller import NOBODY
from berth.settings import Limits

PIECE: Final = 64 * 1024
"""How much of a streamed body is given to its sink at once, in bytes."""

IN_TIME: Final = 2**20
"""How many bytes of a streamed body have to arrive within the time that any other body has as a whole."""

PROMPT_S: Final = 0.25
"""How long the body of an unknown caller may take to arrive: its headers are here already."""


class _Overdue:
    """What ends a task that waits for a body, if that takes too long.

    limit: begins after PROMPT_S, and raises the error to end the task with.
    """

    def __init__(self, timeouts: Timeouts, task: asyncio.Task[Any] | None, limit: Coroutine[Any, Any, None]) -> None:
        self._task, self._limit = task, limit
        self._watch: asyncio.Task[None] | None = None
        self._ended = False
        self._timer = timeouts.start(PROMPT_S, self._start)

    def end(self) -> None:
        """End the watch: the body is here, or its client has gone."""
        self._timer.cancel()
        if self._watch is None:
            self._limit.close()
        else:
            self._watch.cancel()

    def raise_error(self) -> None:
        """Raise the error that has ended the task; return if something else has."""
        if self._ended and self._task is not None and self._watch is not None:
            self._task.uncancel()
            self._watch.result()

    def _start(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._limit)
        self._watch.add_done_callback(self._end_task)

    def _end_task(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled() and watch.exception() is not None and self._task is not None:
            self._ended = True
            self._task.cancel()


class BodyReader:
    """Reads bodies, in the event loop, and measures large ones in a thread of its own."""

    def __init__(self, limits: Limits, identification: Identification) -> None:
        self._limits, self._identification = limits, identification
        self._thread = ThreadPoolExecutor(1, "berth-body")
        self._timeouts = Timeouts()

    async def read(self, request: Request, protocol: Any, reservation: Reservation) -> Request:
        """Return a request with its body. Raise HttpError 401 for an unknown caller, 408, 413, 429, 503 or 400."""
        length = declared_length(request)
        if length is not None and length <= min(self._limits.anonymous_bytes, self._limits.body_bytes):
            body = await self._read_short(request, protocol)
        else:
            body = await self._read_long(request, protocol, reservation, length or 0)
        whole = replace(request, body=body)
        await self._check_nesting(whole)
        return whole

    async def _read_short(self, request: Request, protocol: Any) -> bytes:
        # Without a task or a timeout of its own: almost every body is here already.
        overdue = _Overdue(self._timeouts, asyncio.current_task(), self._limit_wait(request))
        try:
            body: bytes = await protocol()
        except asyncio.CancelledError:
            overdue.raise_error()
            raise
        finally:
            overdue.end()
        return body

    async def _limit_wait(self, request: Request) -> None:
        """Wait until a body is overdue, which it is at once if its caller is unknown. Raise HttpError 401 or 408."""
        await self._identification.identify(request)
        await asyncio.sleep(self._patience_s(request))
        raise self._too_slow(request)

    async def _read_stream(self, request: Request, sink: BodySink, protocol: Any, reservation: Reservation) -> None:
        """Feed a body to its sink, and count what that keeps. The rest is not read once it wants no more."""
        loop, patience_s = asyncio.get_running_loop(), self._patience_s(request)
        gathered, arrived = bytearray(), 0
        try:
            async with asyncio.timeout(patience_s) as limit:
                async for piece in protocol:
                    gathered += piece
                    arrived += len(piece)
                    if arrived >= IN_TIME:
                        arrived = 0
                        limit.reschedule(loop.time() + patience_s)
                    if len(gathered) >= PIECE:
                        await self._feed(request, sink, gathered, reservation)
                    if sink.error is not None:
                        return
                await self._feed(request, sink, gathered, reservation)
        except TimeoutError:
            raise self._too_slow(request) from None

    async def _feed(self, request: Request, sink: BodySink, gathered: bytearray, reservation: Reservation) -> None:
        before, loop = sink.size, asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, sink.feed, bytes(gathered))
        gathered.clear()
        reservation.hold(request, max(0, sink.size - before))

    async def _read_long(self, request: Request, protocol: Any, reservation: Reservation, length: int) -> bytes:
        """Return a body; an empty one if a sink has taken it. length: as declared."""
        large = length > self._limits.body_bytes
        if large and not is_streamed(request):
            raise self._too_large(self._limits.body_bytes)
        await self._identification.identify(request)
        if request.info.sink is not None:
            await self._read_stream(request, request.info.sink, protocol, reservation)
            return b""
        if large:
            raise self._too_large(self._limits.body_bytes)
        try:
            async with asyncio.timeout(self._patience_s(request)):
                return await self._read_pieces(request, protocol, reservation)
        except TimeoutError:
            raise self._too_slow(request) from None

    async def _read_pieces(self, request: Request, protocol: Any, reservation: Reservation) -> bytes:
        most = self._limits.anonymous_bytes if request.info.caller is NOBODY else self._limits.body_bytes
        body = bytearray()
        async for piece in protocol:
            body += piece
            if len(body) > most:
                raise self._too_large(most)
            reservation.hold(request, len(piece))
        return bytes(body)

    async def _check_nesting(self, request: Request) -> None:
        most = self._limits.nesting
        if len(request.body) > LARGE_BODY:
            loop = asyncio.get_running_loop()
            deeper = await loop.run_in_executor(self._thread, is_deeper, request.body, most)
        else:
            deeper = is_deeper(request.body, most)
        if deeper:
            raise LimitExceeded(400, f"The body has lists or objects nested more than {most} deep.")

    def _patience_s(self, request: Request) -> float:
        return PROMPT_S if request.info.caller is NOBODY else self._limits.slow_seconds

    def _too_slow(self, request: Request) -> LimitExceeded:
        return LimitExceeded(408, f"The body took longer than {self._patience_s(request):g} seconds to arrive.")

    def _too_large(self, most: int) -> LimitExceeded:
        return LimitExceeded(413, f"The body is larger than {most} bytes.")
