"""A server's way of a request without a socket: what Granian hands over, and what it is handed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from berth.api.http.server import Server


@dataclass(frozen=True, slots=True)
class Told:
    """How a request was answered."""

    status: int
    body: bytes = b""


class Wire:
    """Stands for Granian's protocol of one request: it has the body, and keeps the answer."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.told: Told | None = None

    async def __call__(self) -> bytes:
        return self.body

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:  # noqa: ARG002 - as it has them
        self.told = Told(status, body)

    def response_empty(self, status: int, headers: Any) -> None:  # noqa: ARG002
        self.told = Told(status)

    def response_stream(self, status: int, headers: Any) -> AsyncIterator[bytes]:  # noqa: ARG002
        raise AssertionError(f"a stream was begun with {status}")


class Inside:
    """A server in a loop of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runner = asyncio.Runner()

    def ask(self, method: str, target: str, token: str, body: Any = None) -> Told:
        """Ask one thing. body: JSON, or bytes as they are."""
        (told,) = self.ask_at_once([(method, target, token, body)])
        return told

    def ask_at_once(self, asked: list[tuple[str, str, str, Any]]) -> list[Told]:
        """Ask all of these before any is answered; returns when all that was noted of them is written as well."""
        return self._runner.run(self._told(asked))

    def close(self) -> None:
        """End the loop."""
        self._runner.close()

    async def _told(self, asked: list[tuple[str, str, str, Any]]) -> list[Told]:
        told = await asyncio.gather(*(self._answer(*each) for each in asked))
        while self._server.ledger.waiting:  # noqa: ASYNC110 - whoever writes it down tells nobody
            await asyncio.sleep(0.001)
        return told

    async def _answer(self, method: str, target: str, token: str, body: Any) -> Told:
        wire = Wire(_bytes(body))
        await self._server(_scope(method, target, token, wire.body), wire)
        assert wire.told is not None
        return wire.told


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
