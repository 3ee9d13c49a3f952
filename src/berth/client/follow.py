"""The change log as a stream of server-sent events, resumed after a lost connection."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

import httpx

from berth.client.transport import Transport, refusal
from berth.model.change import Change
from berth.model.errors import Unavailable

READ_TIMEOUT_S: Final = 45.0
"""A connection is closed after this long without even a heartbeat, which comes three times as often."""

RETRY_FOR_S: Final = 60.0
"""How long an unreachable server is retried."""

MAX_PAUSE_S: Final = 5.0


def follow(transport: Transport, after: int) -> Iterator[Change]:
    """Yield every change after this number as it is made. Raises Unavailable after long retries."""
    seen, last_heard, pause = after, time.monotonic(), 0.1
    while True:
        for change in _changes_of_connection(transport, seen):
            seen, last_heard, pause = change.number, time.monotonic(), 0.1
            yield change
        if time.monotonic() - last_heard > RETRY_FOR_S + READ_TIMEOUT_S:
            raise Unavailable(f"{transport.url} can no longer be reached")
        time.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_S)


def _changes_of_connection(transport: Transport, seen: int) -> Iterator[Change]:
    """Yield the changes that arrive on one connection, until it ends."""
    headers = {"accept": "text/event-stream", "last-event-id": str(seen)}
    error: Exception | None = None
    try:
        with transport.stream("/v1/changes", headers, READ_TIMEOUT_S) as response:
            if response.status_code != 200:
                response.read()
                error = refusal(transport.url, response)
            else:
                for data in _events(response.iter_lines()):
                    yield transport.decode(data.encode(), Change)
    except httpx.HTTPError:
        return
    if error is not None and not isinstance(error, Unavailable):
        raise error


def _events(lines: Iterable[str]) -> Iterator[str]:
    """Yield the data of the events that are changes."""
    event, data = "", ""
    for line in lines:
        name, _, value = line.partition(":")
        if not line:
            if event == "change":
                yield data
            event = data = ""
        elif name == "event":
            event = value.strip()
        elif name == "data":
            data = value.strip()
