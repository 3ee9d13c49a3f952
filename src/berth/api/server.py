"""The API as an RSGI application: bytes in, bytes out, and the moment at which queued commands are carried out."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from typing import Any

from berth.api.http import HttpError, Reply, Request
from berth.api.placement.api import Ongoing, PlacementApi

MOST_BODY_BYTES = 16 * 1024 * 1024

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

TOO_LARGE = HttpError(413, f"The body is larger than {MOST_BODY_BYTES} bytes.")
FAILED = HttpError(500, "Berth failed on this request; its log says how.")

_LOG = logging.getLogger("berth")


class Server:
    """Serves one API in one event loop.

    offload: None to look and write here, between two requests, as suits a database in a file (there
    is nothing to wait for but the disk); else where to do it, as suits one behind a network.
    """

    def __init__(self, api: PlacementApi, offload: Executor | None = None) -> None:
        self.api, self.offload = api, offload
        self._scheduled = False

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """One request (RSGI)."""
        headers = _folded(scope.headers.items())
        body = await _body(scope, headers, protocol)
        request = Request(scope.method, scope.path, scope.query_string, headers, body or b"", scope.scheme)
        wrong = TOO_LARGE if body is None else _unread(scope.headers, headers)
        try:
            reply = await self._reply(request) if wrong is None else self.api.refuse(request, wrong)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log says what
            _LOG.exception("%s %s failed", request.method, request.path)
            reply = self.api.refuse(request, FAILED)
        _send(protocol, reply)

    async def _reply(self, request: Request) -> Reply:
        loop = asyncio.get_running_loop()
        if self.offload is None:
            reply = self.api.begin(request)
        else:
            reply = await loop.run_in_executor(self.offload, self.api.begin, request)
        if not isinstance(reply, Ongoing):
            return reply
        if not self._scheduled:
            # Not at once: requests that came in together are carried out together, in one commit.
            self._scheduled = True
            loop.call_soon(self._work)
        done = loop.create_future()
        if self.offload is None:  # the command is carried out in this thread: no need to wake it from another
            reply.answer.add_done_callback(lambda _: _settle(done))
        else:
            reply.answer.add_done_callback(lambda _: loop.call_soon_threadsafe(_settle, done))
        await done
        return reply.then()

    def _work(self) -> None:
        self._scheduled = False
        if self.offload is None:
            self.api.ledger.work()
        else:
            self.offload.submit(self.api.ledger.work)


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


async def _body(scope: Any, headers: dict[str, str], protocol: Any) -> bytes | None:
    """A request's body; None if it is larger than MOST_BODY_BYTES, of which no more is read then."""
    length = headers.get("content-length")
    if length is not None and length.isascii() and length.isdigit():
        if int(length) > MOST_BODY_BYTES:
            return None
        # Without a body there is nothing to wait for; asking for it anyway would cost a trip through another thread.
        body: bytes = await protocol() if int(length) else b""
        return body
    if "transfer-encoding" not in headers and scope.http_version.startswith("1"):
        return b""
    read = bytearray()
    async for piece in protocol:
        read += piece
        if len(read) > MOST_BODY_BYTES:
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


def _send(protocol: Any, reply: Reply) -> None:
    if reply.body:
        protocol.response_bytes(reply.status, reply.headers, reply.body)
    else:
        protocol.response_empty(reply.status, reply.headers)
