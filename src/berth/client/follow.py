"""The change log as a stream, resumed after a lost connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import httpx

from berth.client.async_transport import AsyncTransport
from berth.client.change_feed import READ_TIMEOUT_S, ChangeFeed
from berth.client.transport import Transport, refusal
from berth.model.change import Change


def follow(transport: Transport, after: int) -> Iterator[Change]:
    """Yield every change after this number once it is made.

    Raises LogReset if the log does not continue where it was read last; Unavailable after long retries.
    """
    feed = ChangeFeed(transport, after)
    while True:
        error: Exception | None = None
        try:
            with transport.stream("/v1/changes", feed.headers(), READ_TIMEOUT_S) as response:
                if response.status_code == 200:
                    yield from filter(None, map(feed.change, response.iter_lines()))
                else:
                    response.read()
                    error = refusal(transport.url, response)
        except httpx.HTTPError:  # not raised: it holds the request, with the token in it
            pass
        time.sleep(feed.next_pause_s(error))


async def follow_awaiting(transport: AsyncTransport, after: int) -> AsyncIterator[Change]:
    """Yield every change after this number. Raises as `follow`."""
    feed = ChangeFeed(transport, after)
    while True:
        error: Exception | None = None
        try:
            async with transport.stream("/v1/changes", feed.headers(), READ_TIMEOUT_S) as response:
                if response.status_code == 200:
                    async for line in response.aiter_lines():
                        if change := feed.change(line):
                            yield change
                else:
                    await response.aread()
                    error = refusal(transport.url, response)
        except httpx.HTTPError:  # not raised: it holds the request, with the token in it
            pass
        await asyncio.sleep(feed.next_pause_s(error))
