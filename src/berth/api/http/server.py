"""The HTTP server as an RSGI application: reads requests, sends replies, and decides when queued commands are run."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Any, Final

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # its name for applications

from berth.api.http.app import AsyncReply, PendingReply, Response, StreamReply
from berth.api.http.forwarded import ClientAddress, ClientAddresses
from berth.api.http.limits import Limiter
from berth.api.http.messages import ID_PREFIX, AmbiguousRequest, HttpError, LimitExceeded, Reply, Request
from berth.api.http.mounts import Mounts
from berth.api.http.observer import Answered, RequestObserver
from berth.api.http.shutdown import ENDING, InFlight, unblock_signals
from berth.ledger import Ledger
from berth.ledger.request_scope import TokenChanged
from berth.logs.request_ids import REQUEST_IDS
from berth.model.caller import NOBODY
from berth.settings import Limits

RELEVANT_HEADERS = (
    "accept",
    "content-type",
    "openstack-api-version",
    "openstack-system-scope",
    "x-auth-token",
    "x-project-id",
    "x-roles",
)
"""Request headers that Berth acts upon."""

FAILED = HttpError(500, "Berth failed on this request; its log says how.")

_LOG = logging.getLogger("berth")

WAITING: Final = 16
"""How many threads wait for identity services."""

GATHERING: Final = 4
"""For how many turns of the event loop a commit waits while requests arrive."""

SLOW_S: Final = 30.0
"""How long a client may take to receive one piece of a stream before its connection is closed."""


class Server:
    """Serves the mounted apps in one event loop.

    offload: where to query and write, for a database behind a network; None to do so in the event loop, between two
    requests, for a database in a file, where there is nothing to wait for but the disk.
    """

    def __init__(
        self,
        mounts: Mounts,
        ledger: Ledger,
        offload: Executor | None = None,
        limiter: Limiter | None = None,
        addresses: ClientAddresses | None = None,
        observers: Iterable[RequestObserver] = (),
    ) -> None:
        self.mounts, self.ledger, self.offload = mounts, ledger, offload
        self._limiter, self._addresses = limiter or Limiter(Limits()), addresses or ClientAddresses()
        # Some authenticators wait for a network, which the event loop must not do.
        self._handle_in = offload or (ThreadPoolExecutor(WAITING, "who") if mounts.waits else None)
        self._scheduled = self._more = False
        self._turns = 0
        self._observers = tuple(observers)

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """Serve one request (RSGI). A client that disconnects early is not an error."""
        with suppress(ProtocolClosed):
            await self._serve(scope, protocol)

    async def _serve(self, scope: Any, protocol: Any) -> None:
        began = time.perf_counter()
        request, wrong = await self._read(scope, protocol)
        for observer in self._observers:
            observer.began(request)
        try:
            reply = await self._reply(request) if wrong is None else self._refuse(request, wrong)
        except Exception:  # noqa: BLE001 - the client gets a 500, and the log has it
            with _logged_as(request):
                _LOG.exception("%s %s failed", request.method, request.path)
            reply = self._refuse(request, FAILED)
        self._report(request, reply, began)
        if isinstance(reply, StreamReply):
            await _stream(protocol, reply, self.mounts.sign(request, Reply(reply.status, reply.headers)))
            return
        _send(protocol, self.mounts.sign(request, reply))

    def _report(self, request: Request, reply: Reply | StreamReply, began: float) -> None:
        """Report how a request was answered to the observers."""
        if self._observers:
            size = 0 if isinstance(reply, StreamReply) else len(reply.body)
            seconds = time.perf_counter() - began
            answer = Answered(self.mounts.name_of(request), reply.status, size, seconds)
            for observer in self._observers:
                observer.answered(request, answer)

    async def _read(self, scope: Any, protocol: Any) -> tuple[Request, HttpError | None]:
        """Return a request, and why it is refused if it is. The body of a refused request is not read."""
        headers = _folded(scope.headers.items())
        client, bypassed = self._client(scope, headers)
        address, scheme, certificate = client
        number = f"{ID_PREFIX}{uuid.uuid4()}"
        request = Request(
            scope.method, scope.path, scope.query_string, headers, b"", scheme, address, certificate, id=number
        )
        wrong = (
            bypassed or self._limiter.refusal(request) or _ascii_error(scope.headers, headers) or _coding_error(headers)
        )
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

    def _client(self, scope: Any, headers: dict[str, str]) -> tuple[ClientAddress, HttpError | None]:
        try:
            return self._addresses.address_of(scope.client, scope.scheme, headers), None
        except HttpError as error:
            return ClientAddress(scope.client.rpartition(":")[0], scope.scheme, None), error

    async def _reply(self, request: Request) -> Reply | StreamReply:
        try:
            return await self._awaited(request, self._handle)
        except TokenChanged:
            return await self._awaited(request, self._handle_again)

    async def _awaited(self, request: Request, handle: Callable[[Request], Response]) -> Reply | StreamReply:
        loop = asyncio.get_running_loop()
        if self._handle_in is None or self.mounts.at_once(request):
            reply = handle(request)
        else:
            reply = await loop.run_in_executor(self._handle_in, handle, request)
        if isinstance(reply, AsyncReply):
            with _logged_as(request):  # a task has a context of its own
                later = loop.create_task(reply.reply)
            return await later
        if not isinstance(reply, PendingReply):
            self._schedule_recording()
            return reply
        self._schedule_work()
        done = loop.create_future()
        if self.offload is None:  # the command is carried out in this thread: no need to wake it from another
            reply.answer.add_done_callback(lambda _: _set_done(done))
        else:
            reply.answer.add_done_callback(lambda _: loop.call_soon_threadsafe(_set_done, done))
        await done
        error = reply.answer.exception()
        if isinstance(error, TokenChanged):
            raise error
        with _logged_as(request):
            finished = reply.then()
        if finished.status >= 400:
            self._schedule_recording()
        return finished

    def _handle(self, request: Request) -> Response:
        # Not around the awaits: the event loop runs many requests in one context.
        with self.ledger.request(request.id) as scope:
            reply = self.mounts.handle(request)
            if isinstance(reply, PendingReply) or self.ledger.revalidate(scope):
                return reply
        if isinstance(reply, AsyncReply):
            reply.reply.close()
        return self._handle_again(request)

    def _handle_again(self, request: Request) -> Response:
        """Handle a request once more, without the cached token: it has changed since."""
        request.info.caller = NOBODY
        with _logged_as(request):
            return self.mounts.handle(request)

    def _refuse(self, request: Request, error: HttpError) -> Reply:
        with _logged_as(request):
            reply = self.mounts.refuse(request, error)
        self._schedule_recording()
        return reply

    def _schedule_recording(self) -> None:
        """Schedule the writing of what a request has left, if anything: its refusal, or the use of its token."""
        if self.ledger.waiting:
            self._schedule_work()

    def _schedule_work(self) -> None:
        # Not at once: commands that arrive together are carried out together, in one commit.
        if self._scheduled:
            self._more = True
            return
        self._scheduled, self._more, self._turns = True, False, 0
        asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        if self._more and self._turns < GATHERING:
            # More than one arrived in this turn: wait for more, since a commit costs the same for all of them.
            self._more, self._turns = False, self._turns + 1
            asyncio.get_running_loop().call_soon(self._work)
            return
        self._scheduled = False
        if self.offload is None:
            self.ledger.work()
        else:
            self.offload.submit(self.ledger.work)


class Application:
    """The RSGI application: a server and its shutdown.

    on_stop: called at the signal, to end streams; on_end: called when all requests have been answered.
    """

    def __init__(self, server: Server, on_stop: Callable[[], None], on_end: Callable[[], None]) -> None:
        self._server, self._on_stop, self._on_end = server, on_stop, on_end
        self._in_flight = InFlight()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        with self._in_flight:
            await self._server(scope, protocol)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in ENDING:
            self._add_handler(loop, number)
        loop.call_soon(unblock_signals)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._on_end()

    def _stop(self) -> None:
        self._on_stop()
        self._in_flight.end()

    def _add_handler(self, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
        """Handle the signal in addition to Granian's own handler."""
        before = signal.getsignal(number)

        def handle(signum: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._stop)
            if callable(before):
                before(signum, frame)

        signal.signal(number, handle)
        signal.siginterrupt(number, False)


@contextmanager
def _logged_as(request: Request) -> Iterator[None]:
    """Make the log lines of this block name the request. Not around awaits: the event loop runs many in one context."""
    entered = REQUEST_IDS.set((request.id,))
    try:
        yield
    finally:
        REQUEST_IDS.reset(entered)


def _set_done(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _has_body(scope: Any, headers: dict[str, str]) -> bool:
    """Whether there is a body to wait for: reading none would cost a round trip through another thread."""
    length = headers.get("content-length")
    if length is not None and length.isascii() and length.isdigit():
        return int(length) > 0
    return "transfer-encoding" in headers or not scope.http_version.startswith("1")


async def _body(headers: dict[str, str], protocol: Any, most: int) -> bytes | None:
    """Return a request's body; None, without reading further, if it is larger than `most` bytes."""
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
    """Return headers by name, several of one name joined by commas (RFC 9110, 5.3)."""
    folded: dict[str, str] = {}
    for name, value in headers:
        folded[name] = f"{folded[name]},{value}" if name in folded else value
    return folded


def _ascii_error(sent: Any, read: dict[str, str]) -> HttpError | None:
    """Return an error for headers that Granian left out because they are not ASCII."""
    # Only headers that Berth acts upon: a proxy may add others.
    unread = [name for name in RELEVANT_HEADERS if name not in read and name in sent]
    return HttpError(400, f"The header {unread[0]} is not ASCII text.") if unread else None


def _coding_error(headers: dict[str, str]) -> HttpError | None:
    """Reject transfer codings other than `chunked`: a proxy might parse the body differently."""
    if headers.get("transfer-encoding", "chunked").strip().lower() == "chunked":
        return None
    return AmbiguousRequest(501, "The transfer coding is not supported: send the body without one, or chunked.")


async def _stream(protocol: Any, stream: StreamReply, head: Reply) -> None:
    """Send the pieces of a stream until it ends or its client disconnects."""
    transport = protocol.response_stream(head.status, head.headers)
    gone = asyncio.ensure_future(protocol.client_disconnect())
    pieces = aiter(stream.pieces)
    try:
        while (piece := await _next_piece(gone, pieces)) is not None:
            async with asyncio.timeout(SLOW_S):
                await transport.send_bytes(piece)
    except (TimeoutError, RuntimeError):  # the client does not read, or has disconnected
        pass
    finally:
        gone.cancel()
        await stream.pieces.aclose()


async def _next_piece(gone: asyncio.Future[None], pieces: AsyncIterator[bytes]) -> bytes | None:
    """Return the next piece; None at the end, or if the client has disconnected."""
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
