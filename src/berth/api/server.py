"""The API as an RSGI application: bytes in, bytes out, and the moment at which queued commands are carried out."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from typing import Any

from berth.api.http import Reply, Request
from berth.api.placement.api import Ongoing, PlacementApi

MOST_BODY_BYTES = 16 * 1024 * 1024

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
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > MOST_BODY_BYTES:
            _send(protocol, _too_large())
            return
        # Without a body there is nothing to wait for; asking for it anyway would cost a trip through another thread.
        body = await protocol() if length != "0" or "transfer-encoding" in headers else b""
        if len(body) > MOST_BODY_BYTES:
            _send(protocol, _too_large())
            return
        request = Request(scope.method, scope.path, scope.query_string, headers, body, scope.scheme)
        try:
            reply = await self._reply(request)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log says what
            _LOG.exception("%s %s failed", request.method, request.path)
            reply = self.api.broken(request)
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


def _folded(headers: Any) -> dict[str, str]:
    """Headers by name; several of one name as one, as RFC 9110 has it."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _send(protocol: Any, reply: Reply) -> None:
    if reply.body:
        protocol.response_bytes(reply.status, reply.headers, reply.body)
    else:
        protocol.response_empty(reply.status, reply.headers)


def _too_large() -> Reply:
    told = f"The body is larger than {MOST_BODY_BYTES} bytes.\n"
    return Reply(413, [("content-type", "text/plain; charset=UTF-8")], told.encode())
