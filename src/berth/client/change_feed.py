"""The change log as server-sent events: what they mean, and where to resume after a lost connection. No I/O."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import msgspec

from berth.client.transport import Transport
from berth.model.change import Change
from berth.model.errors import LogReset, Unavailable

READ_TIMEOUT_S: Final = 45.0
"""A connection is closed after this long without even a heartbeat, which comes three times as often."""

RETRY_FOR_S: Final = 60.0
"""How long an unreachable server is retried."""

FIRST_PAUSE_S: Final = 0.1
MAX_PAUSE_S: Final = 5.0


class _Reset(msgspec.Struct):
    """The data of a reset. head: the number of the last change of the present log."""

    head: int


class ChangeFeed:
    """A place in the change log of a server, and the events that were read from there.

    An event is lines until an empty one (the HTML standard, 9.2.6; here each has one line of data).
    """

    def __init__(self, transport: Transport, after: int) -> None:
        self._transport = transport
        self._place, self._fields = str(after), dict[str, str]()
        self._heard_at, self._pause_s = time.monotonic(), FIRST_PAUSE_S

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the request for what comes next. What a lost connection left of an event is dropped."""
        self._fields = {}
        return {"accept": "text/event-stream", "last-event-id": self._place}

    def change(self, line: str) -> Change | None:
        """Return the change of the event that a line completes; None if it completes none. Raises LogReset."""
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.strip()
            return None
        fields, self._fields = self._fields, {}
        data = fields.get("data", "").encode()
        if fields.get("event") == "reset":
            raise LogReset(self._transport.decode(data, _Reset).head)
        if fields.get("event") != "change" or not data:
            return None
        self._place, self._heard_at, self._pause_s = fields.get("id", ""), time.monotonic(), FIRST_PAUSE_S
        change: Change = self._transport.decode(data, Change)
        return change

    def next_pause_s(self, error: Exception | None) -> float:
        """Return the pause before the next connection, in seconds. error: of a response that was no stream.

        Raises it, unless it is Unavailable; and Unavailable after long retries.
        """
        if error is not None and not isinstance(error, Unavailable):
            raise error
        if time.monotonic() - self._heard_at > RETRY_FOR_S + READ_TIMEOUT_S:
            raise Unavailable(f"{self._transport.url} can no longer be reached")
        pause, self._pause_s = self._pause_s, min(2 * self._pause_s, MAX_PAUSE_S)
        return pause
