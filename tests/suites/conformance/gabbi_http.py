"""Gabbi's HTTP client, without any check of its requests: the suite sends invalid ones on purpose."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from typing import Any

import httpx
from gabbi import httpclient

LIMIT_S = 10


class UncheckedTransport(httpx.BaseTransport):
    """A transport that sends what httpx built without checking it, on a connection of its own.

    httpx itself would refuse to send a ``content-length`` that is not a number.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        connection = HTTPConnection(request.url.host, request.url.port or 80, timeout=LIMIT_S)
        try:
            _send(connection, request)
            answer = connection.getresponse()
            return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
        except TimeoutError as late:
            raise httpx.ReadTimeout(f"no answer within {LIMIT_S} s") from late
        except (OSError, HTTPException) as broken:
            raise httpx.TransportError(repr(broken)) from broken
        finally:
            connection.close()


def _send(connection: HTTPConnection, request: httpx.Request) -> None:
    target = request.url.raw_path.decode("ascii")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.raw:
        if name.lower() != b"connection":
            connection.putheader(name, value)
    connection.putheader("Connection", "close")
    connection.endheaders(request.read() or None)


class LiveHttp(httpclient.Http):  # type: ignore[misc]
    """Gabbi's client on `AsItIs`."""

    def __init__(self) -> None:
        self.extensions: dict[str, Any] = {}
        self.client = httpx.Client(transport=UncheckedTransport(), trust_env=False)


def install() -> None:
    """Make every test that gabbi builds from now on use one `LiveHttp`."""
    http = LiveHttp()
    httpclient.get_http = lambda **_: http
