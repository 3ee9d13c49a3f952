"""A server without a socket: requests are passed as Granian passes them, replies are kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from berth.api.http.server import Server


@dataclass(frozen=True, slots=True)
class Received:
    """A reply as a client receives it."""

    status: int
    body: bytes = b""


class Protocol:
    """Stands for Granian's protocol of one request: has its body, and keeps its reply."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.reply: Received | None = None

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), 65_536):
            yield self.body[start : start + 65_536]

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:  # noqa: ARG002 - Granian's signature
        self.reply = Received(status, body)

    def response_empty(self, status: int, headers: Any) -> None:  # noqa: ARG002
        self.reply = Received(status)

    def response_stream(self, status: int, headers: Any) -> AsyncIterator[bytes]:  # noqa: ARG002
        raise AssertionError(f"a stream was begun with {status}")


class InProcessServer:
    """A server in an event loop of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runner = asyncio.Runner()

    def request(self, method: str, target: str, token: str, body: Any = None) -> Received:
        """Send one request. body: a value that becomes JSON, or bytes."""
        (reply,) = self.request_at_once([(method, target, token, body)])
        return reply

    def request_at_once(
        self, requests: list[tuple[str, str, str, Any]], *, until_written: bool = True
    ) -> list[Received]:
        """Send all of these before any is answered. until_written: wait until the ledger has nothing left to write."""
        return self._runner.run(self._replies(requests, until_written=until_written))

    def close(self) -> None:
        """Close the event loop."""
        self._runner.close()

    async def _replies(self, requests: list[tuple[str, str, str, Any]], *, until_written: bool) -> list[Received]:
        replies = await asyncio.gather(*(self._reply(*each) for each in requests))
        while until_written and self._server.ledger.waiting:  # noqa: ASYNC110 - nothing signals that it has been written
            await asyncio.sleep(0.001)
        return replies

    async def _reply(self, method: str, target: str, token: str, body: Any) -> Received:
        protocol = Protocol(_bytes(body))
        await self._server(_scope(method, target, token, protocol.body), protocol)
        assert protocol.reply is not None
        return protocol.reply


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _scope(method: str, target: str, token: str, data: bytes) -> Any:
    headers = {"x-auth-token": token, "host": "berth", "openstack-api-version": "placement 1.39"}
    if data:
        headers |= {"content-type": "application/json", "content-length": str(len(data))}
    path, _, query = target.partition("?")
    return SimpleNamespace(
        method=method,
        path=path,
        query_string=query,
        headers=headers,
        client="192.0.2.7:4711",
        scheme="http",
        http_version="1",
    )
