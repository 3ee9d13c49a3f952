"""The HTTP server as an RSGI application: reads requests, sends replies, and decides when queued commands are run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, Final

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # its name for applications

from berth.api.http.admission import Admission, Reservation
from berth.api.http.app import AsyncReply, PendingReply, Response, StreamReply
from berth.api.http.body import BodyReader
from berth.api.http.commits import Commits
from berth.api.http.forwarded import ClientAddresses
from berth.api.http.head import has_body, head_error, read_head
from berth.api.http.identification import Identification
from berth.api.http.limits import Limiter
from berth.api.http.messages import HttpError, Reply, Request, retry_after
from berth.api.http.mounts import Mounts
from berth.api.http.observer import Answered, RequestObserver
from berth.api.http.refusals import WINDOW_S, RefusalLog
from berth.api.http.threads import GRACE_S, LONG_S, REQUEST_S, Overdue, Threads, run_in
from berth.api.http.turn import Turn
from berth.ledger import Ledger
from berth.ledger.request_scope import NeedsTime, TokenChanged
from berth.logs.request_ids import REQUEST_IDS
from berth.model.caller import NOBODY
from berth.settings import Limits

FAILED = HttpError(500, "Berth failed on this request; its log has the details.")

_LOG = logging.getLogger("berth")

OVERDUE: Final = "The request timed out: the database or an identity service is slow. Try again."

Handle = Callable[[Request], Response]
"""What is done for a request, in the event loop or in a thread."""

SLOW_S: Final = 30.0
"""How long a client may take to receive one piece of a stream before its connection is closed."""


_AT_ONCE: Final = nullcontext()
"""Instead of a turn: what does not take long waits for none."""


class Server:
    """Serves the mounted apps in one event loop, which does only what neither waits nor takes long.

    A request is handled in the event loop if that is possible, otherwise from the beginning in one of the threads.
    """

    def __init__(
        self,
        mounts: Mounts,
        ledger: Ledger,
        threads: Threads | None = None,
        limiter: Limiter | None = None,
        addresses: ClientAddresses | None = None,
        observers: Iterable[RequestObserver] = (),
    ) -> None:
        self.mounts, self.ledger, self._threads = mounts, ledger, threads or Threads()
        self._limiter, self._addresses = limiter or Limiter(Limits()), addresses or ClientAddresses()
        self._embedded = ledger.embedded
        self._commits = Commits(ledger, self._threads.commits, self._threads.turn, in_loop=self._embedded)
        self._admission, self._identification = Admission(self._limiter.limits), Identification(mounts, ledger)
        self._bodies = BodyReader(self._limiter.limits, self._identification)
        self._window_open = False
        self._observers = tuple(observers)

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """Serve one request (RSGI). A client that disconnects early is not an error."""
        with suppress(ProtocolClosed), self._admission.reservation() as reservation:
            await self._serve(scope, protocol, reservation)

    async def _serve(self, scope: Any, protocol: Any, reservation: Reservation) -> None:
        began = time.perf_counter()
        request, wrong = await self._read(scope, protocol, reservation)
        for observer in self._observers:
            observer.began(request)
        try:
            reply = await self._reply(request) if wrong is None else self._refuse(request, wrong)
        except Exception:  # noqa: BLE001 - the client gets a 500, and the log has it
            with _logged_as(request):
                _LOG.exception("%s %s failed", request.method, request.path)
            reply = self._refuse(request, FAILED)
        if isinstance(reply, StreamReply):
            reply = await self._admitted_stream(request, reply, reservation)
        self._report(request, reply, began)
        if isinstance(reply, StreamReply):
            await _stream(protocol, reply, self.mounts.sign(request, Reply(reply.status, reply.headers)))
            return
        await _send(protocol, self.mounts.sign(request, reply))

    def _report(self, request: Request, reply: Reply | StreamReply, began: float) -> None:
        """Report how a request was answered to the observers."""
        if self._observers:
            size = 0 if isinstance(reply, StreamReply) else reply.size
            seconds = time.perf_counter() - began
            answer = Answered(self.mounts.name_of(request), reply.status, size, seconds)
            for observer in self._observers:
                observer.answered(request, answer)

    async def _read(self, scope: Any, protocol: Any, reservation: Reservation) -> tuple[Request, HttpError | None]:
        """Return a request, and why it is refused if it is. The body of a refused request is not read."""
        request, bypassed = read_head(scope, self._addresses)
        wrong = bypassed or self._limiter.refusal(request) or head_error(scope, request)
        if wrong is not None or self.mounts.at_once(request):  # health is known even while nothing else is admitted
            return request, wrong
        try:
            return await self._admitted(request, scope, protocol, reservation), None
        except HttpError as error:
            return request, error

    async def _admitted(self, request: Request, scope: Any, protocol: Any, reservation: Reservation) -> Request:
        """Return a request with its body; raise HttpError if there are too many, or its caller is unknown."""
        reservation.open(request)
        if self.mounts.waits:
            await self._identification.identify(request)
        return await self._bodies.read(request, protocol, reservation) if has_body(scope, request) else request

    async def _admitted_stream(
        self, request: Request, stream: StreamReply, reservation: Reservation
    ) -> Reply | StreamReply:
        """Return the stream, or a refusal if there are too many."""
        try:
            reservation.begin_stream(request)
        except HttpError as error:
            await stream.pieces.aclose()
            return self._refuse(request, error)
        return stream

    async def _reply(self, request: Request) -> Reply | StreamReply:
        deadline = time.monotonic() + REQUEST_S
        try:
            try:
                return await self._answered(request, deadline, await self._run(request, deadline, self.mounts.handle))
            except TokenChanged:
                handle = partial(self._handle_again, request)
                again = await run_in(self._threads.reads, handle, _remaining_s(deadline))
                return await self._answered(request, deadline, again)
        except Overdue:
            return self._refuse(request, HttpError(503, OVERDUE, headers=retry_after()))

    async def _answered(self, request: Request, deadline: float, reply: Response) -> Reply | StreamReply:
        """Return the reply once it is complete. Raise Overdue, or TokenChanged."""
        recorded = False
        if isinstance(reply, PendingReply):
            await self._commits.carried_out(reply.answer, _remaining_s(deadline))
            error = reply.answer.exception()
            if isinstance(error, TokenChanged):
                raise error
            then = reply.then
            # Why nothing fits is explained by the ledger, and that may take long.
            reply = then() if error is None else await self._run(request, deadline, lambda _: then())
            recorded = error is None
        if isinstance(reply, AsyncReply):
            with _logged_as(request):  # a task has a context of its own
                later = asyncio.get_running_loop().create_task(reply.reply)
            return await later
        assert not isinstance(reply, PendingReply), "a reply is complete after one command"
        if not recorded:
            self._schedule_recording()
        return reply

    async def _run(self, request: Request, deadline: float, handle: Handle) -> Response:
        """Call `handle` in the event loop if it neither waits nor takes long there, otherwise in a thread."""
        long = False
        if self._begins_here(request):
            try:
                return self._in_scope(handle, request, deadline, brief=True)
            except NeedsTime as needs:
                long = needs.long
        if not long:
            with suppress(NeedsTime):
                work = partial(self._in_scope, handle, request, deadline)
                return await run_in(self._threads.reads, work, _remaining_s(deadline))
        work = partial(self._in_scope, handle, request, deadline, turn=self._threads.turn)
        return await run_in(self._threads.long_reads, work, LONG_S)

    def _begins_here(self, request: Request) -> bool:
        """Whether to try in the event loop: where that probably succeeds, since a thread begins from the start."""
        if request.large:  # it takes long to decode
            return False
        # Reading from a database behind a network begins with a round trip; writing only queues a command.
        return self._embedded or not self.mounts.reads(request) or self.mounts.at_once(request)

    def _in_scope(
        self, handle: Handle, request: Request, deadline: float, *, brief: bool = False, turn: Turn | None = None
    ) -> Response:
        """Call `handle` within a scope. brief: as the ledger's; turn: wait for it, because this may take long."""
        # Not around the awaits: the event loop runs many requests in one context.
        reply: Response | None = None
        pause = None if turn is None else turn.pass_on
        with (
            turn or _AT_ONCE,
            self.ledger.request(
                request.id, deadline=deadline, brief=brief, long=turn is not None, pause=pause
            ) as scope,
        ):
            try:
                reply = handle(request)
                if isinstance(reply, PendingReply) or self.ledger.revalidate(scope):
                    return reply
                self.ledger.require_time()
            except NeedsTime:
                scope.refusals.clear()  # the thread that handles it next records them
                _discard(reply)
                raise
        _discard(reply)
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
        self._commits.schedule_if_waiting()
        refusals = self.mounts.refusals
        if refusals is not None and refusals.counting and not self._window_open:
            self._window_open = True
            asyncio.get_running_loop().call_later(WINDOW_S, self._end_window, refusals)

    def _end_window(self, refusals: RefusalLog) -> None:
        """Record how often refusals were repeated."""
        self._window_open = False
        refusals.flush()
        self._schedule_recording()


@contextmanager
def _logged_as(request: Request) -> Iterator[None]:
    """Make the log lines of this block name the request. Not around awaits: the event loop runs many in one context."""
    entered = REQUEST_IDS.set((request.id,))
    try:
        yield
    finally:
        REQUEST_IDS.reset(entered)


def _remaining_s(deadline: float) -> float:
    """Return how long to wait for a thread that has to end by a deadline."""
    return deadline + GRACE_S - time.monotonic()


def _discard(reply: Response | None) -> None:
    """Drop a reply that is not sent."""
    if isinstance(reply, AsyncReply):
        reply.reply.close()


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


async def _send(protocol: Any, reply: Reply) -> None:
    """Send a reply; a large one piece by piece, as the client takes them."""
    if reply.rest:
        transport = protocol.response_stream(reply.status, [*reply.headers, ("content-length", str(reply.size))])
        with suppress(TimeoutError, RuntimeError):  # the client does not read, or has disconnected
            for piece in (reply.body, *reply.rest):
                async with asyncio.timeout(SLOW_S):
                    await transport.send_bytes(piece)
    elif reply.body:
        protocol.response_bytes(reply.status, reply.headers, reply.body)
    else:
        protocol.response_empty(reply.status, reply.headers)
