"""HTTP requests to a server from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import httpx

from berth.client.transport import Parameters, Transport
from berth.model.steps import Steps, finish_awaiting

T = TypeVar("T")

MOST_AT_ONCE: Final = 16
"""How many requests are sent at once, each on a connection that stays open; the others wait, outside of the pool."""


class AsyncTransport(Transport):
    """Connections to one server, for the tasks of one event loop. What a `Transport` returns, its awaitables return.

    A request that is cancelled takes its connection out of the pool.
    """

    _connections: Callable[..., Any] = httpx.AsyncClient

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sending = asyncio.Semaphore(MOST_AT_ONCE)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        params: Parameters | None,
        content: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
    ) -> httpx.Response | httpx.HTTPError:
        """Return the response or the error, which holds the request, with the token in it."""
        try:
            async with self._sending:
                response: httpx.Response = await self._http.request(
                    method, path, params=params, content=_awaited(content), headers=headers
                )
        except httpx.HTTPError as error:
            return error
        return response

    def _pause(self, seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds)

    def _run(self, steps: Steps[T]) -> Awaitable[T]:
        return finish_awaiting(steps)


def _awaited(content: bytes | Iterable[bytes] | None) -> bytes | AsyncIterator[bytes] | None:
    """Return a body as an asynchronous client sends it."""
    return content if content is None or isinstance(content, bytes) else _pieces(content)


async def _pieces(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece
