"""The RSGI application of a worker: its server, with its beginning and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from berth.api.http.server import Server
from berth.api.http.shutdown import InFlight


class Application:
    """A server in a worker process.

    on_stop: called by `stop`, to end streams; end: flushes and stops what observes it. on_listening: called when the
    server listens.
    """

    def __init__(self, server: Server, on_stop: Callable[[], None], end: Callable[[], None]) -> None:
        self._server, self._on_stop, self.end = server, on_stop, end
        self.on_listening: Callable[[], None] | None = None
        self._in_flight = InFlight()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        with self._in_flight:
            await self._server(scope, protocol)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Granian opens the socket in the same turn of the event loop, right after this call.
        if self.on_listening is not None:
            loop.call_soon(self.on_listening)

    def stop(self) -> None:
        """Begin the shutdown, while the event loop goes on: streams end, other requests are finished."""
        self._on_stop()
        self._in_flight.end()
