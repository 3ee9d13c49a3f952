"""Requests and replies as values: no server, no framework."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

REASONS: Final = {
    200: "OK",
    201: "Created",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(slots=True)
class RequestInfo:
    """What was found out about a request on its way, for logs and metrics.

    operation: the name of its route; trace: the id of the trace that it is part of, if there are traces.
    """

    operation: str = ""
    caller: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks.

    path: with its percent-escapes taken out, once, by the server; malformed ones are still there.
    query: as it stood on the line. headers: by lower-case name. address: where it came from;
    certificate: the common name of the client's certificate, None if the connection was made without one.
    id: one that no other request has. seen: filled in by the face that it is for.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"
    address: str = ""
    certificate: str | None = None
    id: str = field(default_factory=lambda: f"req-{uuid.uuid4()}")
    seen: RequestInfo = field(default_factory=RequestInfo, compare=False)


@dataclass(slots=True)
class Reply:
    """What a client is told."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class HttpError(Exception):
    """A request that is refused. code: Placement's error code, shown since its version 1.23."""

    def __init__(
        self, status: int, detail: str, *, code: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.code, self.headers = status, detail, code, headers


class LimitExceeded(HttpError):
    """More than a limit lets one request ask for: the detail says which, and its value. The audit log keeps it."""

    def __init__(self, status: int, detail: str, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status, detail, headers=headers)


class AmbiguousRequest(HttpError):
    """What somebody else could read as another request, or as two: the audit log keeps it, and its connection ends."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail, headers=(("connection", "close"),))


class BadRequest(HttpError):
    """400, and what is wrong."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(400, detail, code=code)


_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decoded(text: str) -> str:
    """Text of a URL with its percent-escapes taken out; ValueError says why it has no meaning."""
    if "%" not in text:
        return text
    if _NO_ESCAPE.search(text) is not None:
        raise ValueError("a percent-escape is malformed")
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError("a percent-escape is not UTF-8") from None
    if "\x00" in plain:
        raise ValueError("there is a NUL character in it")
    return plain


def parse_query(text: str) -> list[tuple[str, str]]:
    """The parameters of a query string, in order; BadRequest if an escape is malformed."""
    found = []
    try:
        for pair in filter(None, text.split("&")):
            name, _, value = pair.replace("+", " ").partition("=")
            found.append((decoded(name), decoded(value)))
    except ValueError as error:
        raise BadRequest(f"Invalid query string parameters: {error}") from None
    return found
