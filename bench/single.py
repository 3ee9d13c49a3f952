"""One client that asks in a row, on a connection that is kept where the server keeps it."""

import socket
import time
from dataclasses import dataclass
from typing import Self

from bench.wire import Address, parse_head

CHUNK = 1 << 18


class Cut(Exception):
    """The server closed the connection in the middle of a reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply and what it took, from the first byte sent to the last byte received."""

    status: int
    body: bytes
    seconds: float


class Caller:
    """A blocking connection to one server. Not for several threads."""

    __slots__ = ("_address", "_buffer", "_socket", "_timeout_s")

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._buffer = bytearray(CHUNK)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def call(self, request: bytes) -> Reply:
        """Send one request and wait for the whole reply.

        Connecting counts, as it does for any client of a server that does not keep connections.
        Raises TimeoutError once the reply is later than the limit (the connection is then closed).
        """
        start = time.perf_counter()
        kept = self._socket is not None
        try:
            status, body, closes = self._exchange(request, start + self._timeout_s)
        except (ConnectionError, Cut):
            self.close()
            if not kept:
                raise
            return self.call(request)  # the server had closed a connection that was idle
        except OSError:
            self.close()
            raise
        taken = time.perf_counter() - start
        if closes:
            self.close()
        return Reply(status, body, taken)

    def _exchange(self, request: bytes, until: float) -> tuple[int, bytes, bool]:
        if self._socket is None:
            self._socket = connect(self._address, self._timeout_s)
        self._socket.sendall(request)
        size, head = 0, None
        while head is None or size < head.end:
            self._socket.settimeout(max(until - time.perf_counter(), 0.001))
            got = self._socket.recv_into(memoryview(self._buffer)[size:])
            if got == 0:
                raise Cut
            size += got
            head = head or parse_head(self._buffer[: min(size, 4096)])
            if head is not None and head.end > len(self._buffer):
                self._buffer.extend(bytes(head.end - len(self._buffer)))
        return head.status, bytes(self._buffer[head.body_at : head.end]), head.closes


def connect(address: Address, timeout_s: float) -> socket.socket:
    """A connected socket that sends small requests at once."""
    found = socket.create_connection((address.host, address.port), timeout=timeout_s)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found
