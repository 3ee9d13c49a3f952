"""Requests, replies, and a plain HTTP client.

The client must be able to send what a decent library refuses to: no content type, a body with a GET, a method of its
own making.  It never follows, decodes or repairs anything.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.  ``target`` is the path with its query, already percent-encoded.

    ``body`` is text whose bytes are UTF-8 with ``surrogateescape``, so that any bytes can be written in a listing.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def reads(self) -> bool:
        """Whether the request can change nothing."""
        return self.method not in ("PUT", "POST", "DELETE")

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)

    def with_header(self, name: str, *values: str) -> Self:
        """The same request with the header given by ``values``; without it if there are none."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept + tuple((name, value) for value in values))

    def body_bytes(self) -> bytes | None:
        return None if self.body is None else self.body.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response; header names in lower case, repeated ones in order.  Status 0 is no answer at all."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def fine(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "backslashreplace")

    def header(self, name: str) -> str | None:
        """All values of a header, joined by commas; None if there is none."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None


class Client:
    """Talks to one server, one request at a time, on a connection that is kept if the server keeps it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_S)

    def send(self, request: Request) -> Answer:
        """Send and read the whole answer; a connection that breaks is an answer with status 0."""
        fresh = self._connection.sock is None
        try:
            return self._exchange(request)
        except (http.client.HTTPException, OSError) as failure:
            self._connection.close()
            if fresh or isinstance(failure, TimeoutError):
                return Answer(0, (), repr(failure).encode())
        return self.send(request)  # the server had closed the kept connection

    def _exchange(self, request: Request) -> Answer:
        wire, body = self._connection, request.body_bytes()
        wire.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.headers:
            wire.putheader(name, value)
        if body is not None or request.method in ("PUT", "POST"):
            wire.putheader("content-length", str(len(body or b"")))
        wire.endheaders(body)
        reply = wire.getresponse()
        headers = tuple((name.lower(), value) for name, value in reply.getheaders())
        return Answer(reply.status, headers, reply.read())

    def close(self) -> None:
        self._connection.close()
