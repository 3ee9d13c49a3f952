"""Clients that ask for more than their share, in a process of their own: what they do is not measured by their threads.

python -m tests.suites.security.flood KIND PORT ADDRESS NUMBER [TOKEN]
"""

from __future__ import annotations

import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

LIMIT_S: Final = 60
"""How long a flood goes on if nothing ends it."""

MIB: Final = 1 << 20
AGAIN: Final = 5
"""How many connections are opened again in each twentieth of a second."""

JSON: Final = "content-type: application/json"


class Flood:
    """One flood of a server. address: where it comes from; number: of connections; token: empty for strangers."""

    def __init__(self, port: int, address: str, number: int, token: str = "") -> None:
        self._port, self._address, self._number, self._token = port, address, number, token
        self._end = time.monotonic() + LIMIT_S

    def streams(self) -> None:
        """Listen to the changes on each connection."""
        self._hold(self._head("GET", "/v1/changes", "accept: text/event-stream"))

    def unfinished(self) -> None:
        """Send one byte of a short body on each."""
        self._hold(self._head("POST", "/v1/claims", JSON, "content-length: 10") + b"{")

    def chunked(self) -> None:
        """Begin a body without a length on each."""
        self._hold(self._head("POST", "/v1/claims", JSON, "transfer-encoding: chunked") + b"1\r\n{\r\n")

    def silent(self) -> None:
        """Say nothing on each."""
        self._hold(b"")

    def large(self) -> None:
        """Send 15 of 16 MiB on each."""
        head = self._head("POST", "/v1/claims", JSON, f"content-length: {16 * MIB}")
        self._hold(head, *[b" " * MIB] * 15)

    def brackets(self) -> None:
        """Send one body a second that is 16 MiB of brackets."""
        body = b"[" + b"[]," * (16 * MIB // 3 - 2) + b"1]"
        head = self._head("POST", "/v1/claims", JSON, f"content-length: {len(body)}", "connection: close")
        while time.monotonic() < self._end:
            began = time.monotonic()
            with suppress(OSError), self._connected() as connection:
                connection.sendall(head + body)
                while connection.recv(MIB):
                    pass
            time.sleep(max(0.0, began + 1 - time.monotonic()))

    def guesses(self) -> None:
        """Try tokens as fast as it goes, on every connection at once."""
        guessing = [threading.Thread(target=self._guess) for _ in range(self._number)]
        for each in guessing:
            each.start()
        for each in guessing:
            each.join()

    def _guess(self) -> None:
        path = f"/resource_providers/{'x' * 200}"
        number = 0
        while time.monotonic() < self._end:
            with suppress(OSError), self._connected() as connection:
                while time.monotonic() < self._end:
                    number += 1
                    connection.sendall(self._head("GET", path, f"x-auth-token: berth_aaaaaaaaaa_{number}"))
                    if not connection.recv(65536):
                        break

    def _hold(self, *pieces: bytes) -> None:
        """Open every connection, send these pieces, and keep it open; open again some of those that the server closes.

        Not all of them at once: that would be a flood of requests, which nothing but a rate bounds.
        """
        held = [self._begun(pieces) for _ in range(self._number)]
        while time.monotonic() < self._end:
            ended = [place for place, connection in enumerate(held) if connection is None or _ended(connection)]
            for place in ended[:AGAIN]:
                held[place] = self._begun(pieces)
            time.sleep(0.05)

    def _begun(self, pieces: tuple[bytes, ...]) -> socket.socket | None:
        with suppress(OSError):
            connection = self._connected()
            with suppress(OSError):
                for piece in pieces:
                    connection.sendall(piece)
            connection.setblocking(False)
            return connection
        return None

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), timeout=5, source_address=(self._address, 0))

    def _head(self, method: str, path: str, *lines: str) -> bytes:
        token = [f"x-auth-token: {self._token}"] if self._token else []
        return "\r\n".join([f"{method} {path} HTTP/1.1", "host: berth.test", *token, *lines, "", ""]).encode()


def _ended(connection: socket.socket) -> bool:
    """Whether the server has closed the connection; what it says meanwhile is read."""
    try:
        while piece := connection.recv(65536):
            assert piece
    except BlockingIOError:
        return False
    except OSError:
        pass
    connection.close()
    return True


KINDS: Final[Mapping[str, Callable[[Flood], None]]] = {
    name: getattr(Flood, name)
    for name in ("streams", "unfinished", "chunked", "silent", "large", "brackets", "guesses")
}

if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kind, port, address, number, *token = sys.argv[1:]
    KINDS[kind](Flood(int(port), address, int(number), *token))
