"""A site as an RSGI application: bytes in, bytes out, and the moment at which queued commands are carried out."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import Any, Final

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # its name for applications

from berth.api.http.app import AsyncReply, PendingReply, Response, StreamReply
from berth.api.http.forwarded import ClientAddress, ClientAddresses
from berth.api.http.limits import Limiter
from berth.api.http.messages import AmbiguousRequest, HttpError, LimitExceeded, Reply, Request
from berth.api.http.mounts import Mounts
from berth.api.http.observer import Answered, RequestObserver
from berth.api.http.shutdown import ENDING, InFlight, unblock_signals
from berth.ledger import Ledger
from berth.ledger.request_scope import TokenChanged
from berth.logs.request_ids import RequestIds
from berth.settings import Limits

GONE_BY = (
    "accept",
    "content-type",
    "openstack-api-version",
    "openstack-system-scope",
    "x-auth-token",
    "x-project-id",
    "x-roles",
)
"""Request headers that change what Berth does."""

FAILED = HttpError(500, "Berth failed on this request; its log says how.")

_LOG = logging.getLogger("berth")

WAITING: Final = 16
"""How many threads wait for whoever knows callers."""

GATHERING: Final = 4
"""For how many turns of the loop a commit waits while requests come in."""

SLOW_S: Final = 30.0
"""How long a client may take to receive one piece of a stream: then it is left alone."""


class Server:
    """Serves one site in one event loop.

    offload: None to look and write here, between two requests, as suits a database in a file (there
    is nothing to wait for but the disk); else where to do it, as suits one behind a network.
    """

    def __init__(
        self,
        site: Mounts,
        ledger: Ledger,
        offload: Executor | None = None,
        limiter: Limiter | None = None,
        origins: ClientAddresses | None = None,
        onlookers: Iterable[RequestObserver] = (),
    ) -> None:
        self.site, self.ledger, self.offload = site, ledger, offload
        self._limiter, self._origins = limiter or Limiter(Limits()), origins or ClientAddresses()
        # Some ways of knowing callers wait for a network, which the loop must not.
        self._begin_in = offload or (ThreadPoolExecutor(WAITING, "who") if site.waits else None)
        self._scheduled = self._more = False
        self._turns = 0
        self._onlookers = tuple(onlookers)
        self.under_way = InFlight()

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """One request (RSGI). A client that goes away in the middle of its own is nobody's failure."""
        with self.under_way, suppress(ProtocolClosed):
            await self._served(scope, protocol)

    async def _served(self, scope: Any, protocol: Any) -> None:
        began = time.perf_counter()
        request, wrong = await self._read(scope, protocol)
        for onlooker in self._onlookers:
            onlooker.began(request)
        try:
            reply = await self._reply(request) if wrong is None else self._refused(request, wrong)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log says what
            with RequestIds((request.id,)):
                _LOG.exception("%s %s failed", request.method, request.path)
            reply = self._refused(request, FAILED)
        if self.ledger.waiting:
            self._schedule_work()
        self._tell(request, reply, began)
        if isinstance(reply, StreamReply):
            await _stream(protocol, reply, self.site.sign(request, Reply(reply.status, reply.headers)))
            return
        _send(protocol, self.site.sign(request, reply))

    def _tell(self, request: Request, reply: Reply | StreamReply, began: float) -> None:
        """Let everybody know how a request was answered."""
        if self._onlookers:
            size = 0 if isinstance(reply, StreamReply) else len(reply.body)
            seconds = time.perf_counter() - began
            answer = Answered(self.site.name_of(request), reply.status, size, seconds)
            for onlooker in self._onlookers:
                onlooker.answered(request, answer)

    async def _read(self, scope: Any, protocol: Any) -> tuple[Request, HttpError | None]:
        """A request, and what speaks against looking at it. Nothing of a body is read that will not be looked at."""
        headers = _folded(scope.headers.items())
        origin, bypassed = self._origin(scope, headers)
        address, scheme, certificate = origin
        request = Request(scope.method, scope.path, scope.query_string, headers, b"", scheme, address, certificate)
        wrong = bypassed or self._limiter.refusal(request) or _unread(scope.headers, headers) or _wrapped(headers)
        if wrong is not None or not _has_body(scope, headers):
            return request, wrong
        limits = self._limiter.limits
        try:
            body = await asyncio.wait_for(_body(headers, protocol, limits.body_bytes), limits.slow_seconds)
        except TimeoutError:
            return request, LimitExceeded(408, f"The body took longer than {limits.slow_seconds:g} seconds to arrive.")
        if body is None:
            return request, LimitExceeded(413, f"The body is larger than {limits.body_bytes} bytes.")
        return replace(request, body=body), self._limiter.too_deep(body)

    def _origin(self, scope: Any, headers: dict[str, str]) -> tuple[ClientAddress, HttpError | None]:
        try:
            return self._origins.of(scope.client, scope.scheme, headers), None
        except HttpError as error:
            return ClientAddress(scope.client.rpartition(":")[0], scope.scheme, None), error

    async def _reply(self, request: Request) -> Reply | StreamReply:
        try:
            return await self._replied(request, self._begun)
        except TokenChanged:
            return await self._replied(request, self._begun_anew)

    async def _replied(self, request: Request, begin: Callable[[Request], Response]) -> Reply | StreamReply:
        loop = asyncio.get_running_loop()
        if self._begin_in is None or self.site.at_once(request):
            reply = begin(request)
        else:
            reply = await loop.run_in_executor(self._begin_in, begin, request)
        if isinstance(reply, AsyncReply):
            with RequestIds((request.id,)):  # a task has a context of its own
                later = loop.create_task(reply.reply)
            return await later
        if not isinstance(reply, PendingReply):
            return reply
        self._schedule_work()
        done = loop.create_future()
        if self.offload is None:  # the command is carried out in this thread: no need to wake it from another
            reply.answer.add_done_callback(lambda _: _settle(done))
        else:
            reply.answer.add_done_callback(lambda _: loop.call_soon_threadsafe(_settle, done))
        await done
        error = reply.answer.exception()
        if isinstance(error, TokenChanged):
            raise error
        with RequestIds((request.id,)):
            return reply.then()

    def _begun(self, request: Request) -> Response:
        # Not around the whole of a request: the server runs many in one context, each until it has to wait.
        with self.ledger.request(request.id) as scope:
            reply = self.site.begin(request)
            if isinstance(reply, PendingReply) or self.ledger.revalidate(scope):
                return reply
        if isinstance(reply, AsyncReply):
            reply.reply.close()
        return self._begun_anew(request)

    def _begun_anew(self, request: Request) -> Response:
        """Without presuming anything: what was presumed was not so."""
        request.seen.caller = ""
        with RequestIds((request.id,)):
            return self.site.begin(request)

    def _refused(self, request: Request, error: HttpError) -> Reply:
        with RequestIds((request.id,)):
            return self.site.refuse(request, error)

    def _schedule_work(self) -> None:
        # Not at once: requests that came in together are carried out together, in one commit.
        if self._scheduled:
            self._more = True
            return
        self._scheduled, self._more, self._turns = True, False, 0
        asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        if self._more and self._turns < GATHERING:
            # More than one came in this turn: more may be at the door, and a commit costs the same for all of them.
            self._more, self._turns = False, self._turns + 1
            asyncio.get_running_loop().call_soon(self._work)
            return
        self._scheduled = False
        if self.offload is None:
            self.ledger.work()
        else:
            self.offload.submit(self.ledger.work)


class Application:
    """What Granian is given: a server, and what to do when it is told to end, and when it has.

    on_stop: streams would never end by themselves; on_end: all requests have been answered.
    """

    def __init__(self, server: Server, on_stop: Callable[[], None], on_end: Callable[[], None]) -> None:
        self._server, self._on_stop, self._on_end = server, on_stop, on_end

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        await self._server(scope, protocol)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in ENDING:
            self._hear(loop, number)
        loop.call_soon(unblock_signals)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._on_end()

    def _stop(self) -> None:
        self._on_stop()
        self._server.under_way.end()

    def _hear(self, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
        """Hear of a signal as well as whoever does now: the loop, which Granian has asked to."""
        before = signal.getsignal(number)

        def heard(signum: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._stop)
            if callable(before):
                before(signum, frame)

        signal.signal(number, heard)
        signal.siginterrupt(number, False)


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _has_body(scope: Any, headers: dict[str, str]) -> bool:
    """Whether there is one to wait for: asking anyway would cost a trip through another thread."""
    length = headers.get("content-length")
    if length is not None and length.isascii() and length.isdigit():
        return int(length) > 0
    return "transfer-encoding" in headers or not scope.http_version.startswith("1")


async def _body(headers: dict[str, str], protocol: Any, most: int) -> bytes | None:
    """A request's body; None if it is larger than so many bytes, of which no more is read then."""
    length = headers.get("content-length")
    if length is not None and length.isascii() and length.isdigit():
        if int(length) > most:
            return None
        body: bytes = await protocol()
        return body
    read = bytearray()
    async for piece in protocol:
        read += piece
        if len(read) > most:
            return None
    return bytes(read)


def _folded(headers: Any) -> dict[str, str]:
    """Headers by name; several of one name as one, as RFC 9110 has it."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _unread(sent: Any, read: dict[str, str]) -> HttpError | None:
    """What is wrong with headers that the server has left out, because they are no ASCII text."""
    # Only what Berth goes by must be readable: a proxy may add what it likes.
    unread = [name for name in GONE_BY if name not in read and name in sent]
    return HttpError(400, f"The header {unread[0]} is not ASCII text.") if unread else None


def _wrapped(headers: dict[str, str]) -> HttpError | None:
    """What is wrong with how a body is wrapped: what is in it a proxy might know otherwise."""
    if headers.get("transfer-encoding", "chunked").strip().lower() == "chunked":
        return None
    return AmbiguousRequest(501, "The transfer coding is not understood: send the body as it is, or chunked.")


async def _stream(protocol: Any, stream: StreamReply, head: Reply) -> None:
    """Send the pieces of a stream until it ends, or its client does."""
    transport = protocol.response_stream(head.status, head.headers)
    gone = asyncio.ensure_future(protocol.client_disconnect())
    pieces = aiter(stream.pieces)
    try:
        while (piece := await _first(gone, pieces)) is not None:
            async with asyncio.timeout(SLOW_S):
                await transport.send_bytes(piece)
    except (TimeoutError, RuntimeError):  # it does not read, or is not there any more
        pass
    finally:
        gone.cancel()
        await stream.pieces.aclose()


async def _first(gone: asyncio.Future[None], pieces: AsyncIterator[bytes]) -> bytes | None:
    """The next piece; None if there is none, or nobody to send it to."""
    piece = asyncio.ensure_future(anext(pieces, None))
    await asyncio.wait((gone, piece), return_when=asyncio.FIRST_COMPLETED)
    if piece.done():
        return piece.result()
    piece.cancel()
    with suppress(asyncio.CancelledError):
        await piece
    return None


def _send(protocol: Any, reply: Reply) -> None:
    if reply.body:
        protocol.response_bytes(reply.status, reply.headers, reply.body)
    else:
        protocol.response_empty(reply.status, reply.headers)
