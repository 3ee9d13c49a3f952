"""A client that sends given bytes, also invalid ones, and reads one reply."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, Self

LIMIT_S = 20
"""No request of these tests may take longer."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def why(self) -> str:
        """The reason of a refusal, without what its status means."""
        detail: str = self.json()["errors"][0]["detail"]
        return detail.partition("\n\n")[2].strip() or detail


def request_bytes(method: str, target: str, headers: Headers = (), body: bytes | None = None) -> bytes:
    """Return a request as bytes. `headers` replace the computed ones of the same name."""
    lines = [f"{method} {target} HTTP/1.1", "host: berth.test"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None and not any(name == "content-length" for name, _ in headers):
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + (body or b"")


class RawConnection:
    """A connection that is kept as long as the server keeps it.

    source: the loopback address that it comes from; context: for TLS, None for plain HTTP.
    """

    def __init__(self, port: int, source: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        self._port, self._source, self._context = port, source, context
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, method: str, target: str, headers: Headers = (), body: bytes | None = None) -> RawReply:
        """Send a request and read its reply."""
        got = self.send(request_bytes(method, target, tuple(headers), body), method)
        assert got is not None, f"{method} {target[:100]}: no answer"
        return got

    def send(self, data: bytes, method: str = "GET") -> RawReply | None:
        """Send bytes and read a reply to `method`; None if the server closes without one."""
        fresh = self._socket is None
        got = self._exchange(data, method)
        if got is None and not fresh:
            got = self._exchange(data, method)  # the server had closed the kept connection
        return got

    def begin(self, data: bytes) -> None:
        """Send bytes without reading a reply."""
        self._connected().sendall(data)

    def end(self) -> None:
        """Close the sending side (plain HTTP only)."""
        self._connected().shutdown(socket.SHUT_WR)

    def read_all(self) -> bytes:
        """Return everything until the server closes or resets the connection."""
        data = bytearray()
        with suppress(ConnectionResetError, ssl.SSLEOFError):
            while piece := self._connected().recv(65536):
                data += piece
        self.close()
        return bytes(data)

    def receive(self) -> bytes:
        """Return the next bytes."""
        data = self._connected().recv(65536)
        assert data, "the server has closed"
        return data

    def _connected(self) -> socket.socket:
        if self._socket is None:
            plain = socket.create_connection(("127.0.0.1", self._port), LIMIT_S, (self._source, 0))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = (
                plain if self._context is None else self._context.wrap_socket(plain, server_hostname="127.0.0.1")
            )
        return self._socket

    def _exchange(self, data: bytes, method: str) -> RawReply | None:
        connection = self._connected()
        with suppress(BrokenPipeError, ConnectionResetError):  # it may answer before it has read everything
            connection.sendall(data)
        try:
            return self._answer(connection, method)
        except TimeoutError:
            self.close()
            raise
        except (OSError, HTTPException):
            self.close()
            return None

    def _answer(self, connection: socket.socket, method: str) -> RawReply:
        with HTTPResponse(connection, method=method) as answer:
            answer.begin()
            headers = tuple((name.lower(), value) for name, value in answer.getheaders())
            got = RawReply(answer.status, headers, answer.read())
        if answer.will_close:
            self.close()
        return got
