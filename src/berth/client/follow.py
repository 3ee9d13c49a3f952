"""The change log as it comes: server-sent events, taken up again where they broke off."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

import httpx

from berth.client.transport import Transport, refusal
from berth.model.change import Change
from berth.model.errors import Unavailable

SILENT_S: Final = 45.0
"""A stream is given up after so long without even a heartbeat, which comes three times as often."""

PATIENCE_S: Final = 60.0
"""For how long a server that is away is tried again."""

LONGEST_PAUSE_S: Final = 5.0


def follow(transport: Transport, after: int) -> Iterator[Change]:
    """Every change after this number, as it comes; Unavailable if the server is away for long."""
    seen, heard, pause = after, time.monotonic(), 0.1
    while True:
        for change in _once(transport, seen):
            seen, heard, pause = change.number, time.monotonic(), 0.1
            yield change
        if time.monotonic() - heard > PATIENCE_S + SILENT_S:
            raise Unavailable(f"{transport.url} cannot be reached any more")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _once(transport: Transport, seen: int) -> Iterator[Change]:
    """The changes that one connection brings; it ends when the connection does."""
    headers = {"accept": "text/event-stream", "last-event-id": str(seen)}
    error: Exception | None = None
    try:
        with transport.stream("/v1/changes", headers, SILENT_S) as answer:
            if answer.status_code != 200:
                answer.read()
                error = refusal(transport.url, answer)
            else:
                for data in _events(answer.iter_lines()):
                    yield transport.value(data.encode(), Change)
    except httpx.HTTPError:
        return
    if error is not None and not isinstance(error, Unavailable):
        raise error


def _events(lines: Iterable[str]) -> Iterator[str]:
    """The data of the events that are changes."""
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
