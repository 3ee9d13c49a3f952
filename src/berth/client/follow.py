"""The change log as a stream of server-sent events, resumed after a lost connection."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import httpx
import msgspec

from berth.client.transport import Transport, refusal
from berth.model.change import Change
from berth.model.errors import LogReset, Unavailable

READ_TIMEOUT_S: Final = 45.0
"""A connection is closed after this long without even a heartbeat, which comes three times as often."""

RETRY_FOR_S: Final = 60.0
"""How long an unreachable server is retried."""

MAX_PAUSE_S: Final = 5.0


def follow(transport: Transport, after: int) -> Iterator[Change]:
    """Yield every change after this number as it is made.

    Raises LogReset if the log does not continue where it was read last; Unavailable after long retries.
    """
    place, last_heard, pause = str(after), time.monotonic(), 0.1
    while True:
        for event in _events_of_connection(transport, place):
            place, last_heard, pause = event.id, time.monotonic(), 0.1
            yield transport.decode(event.data.encode(), Change)
        if time.monotonic() - last_heard > RETRY_FOR_S + READ_TIMEOUT_S:
            raise Unavailable(f"{transport.url} can no longer be reached")
        time.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_S)


def _events_of_connection(transport: Transport, place: str) -> Iterator[Event]:
    """Yield the events of changes that arrive on one connection, until it ends. place: the id of the last event."""
    headers = {"accept": "text/event-stream", "last-event-id": place}
    error: Exception | None = None
    try:
        with transport.stream("/v1/changes", headers, READ_TIMEOUT_S) as response:
            if response.status_code != 200:
                response.read()
                error = refusal(transport.url, response)
            else:
                for event in _events(response.iter_lines()):
                    if event.name == "reset":
                        raise LogReset(transport.decode(event.data.encode(), _Reset).head)
                    if event.name == "change":
                        yield event
    except httpx.HTTPError:
        return
    if error is not None and not isinstance(error, Unavailable):
        raise error


class Event(NamedTuple):
    """A server-sent event."""

    id: str
    name: str
    data: str


class _Reset(msgspec.Struct):
    """The data of a reset. head: the number of the last change of the present log."""

    head: int


def _events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events that lines make (the HTML standard, 9.2.6; here each has one line of data)."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line:
            fields[name] = value.strip()
        elif fields:
            if "data" in fields:
                yield Event(fields.get("id", ""), fields.get("event", ""), fields["data"])
            fields = {}
