"""Requests and replies as values: no server, no framework."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import unquote_to_bytes

from berth.logs.request_ids import new_request_id
from berth.model.caller import NOBODY, Caller

LARGE_BODY: Final = 64 * 1024
"""A body longer than this, in bytes, takes long enough to decode that the event loop must not do it."""

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
    410: "Gone",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class BodySink(Protocol):
    """What takes a body piece by piece as it arrives, so that it need not be kept as a whole."""

    @property
    def error(self) -> Exception | None:
        """Why it wants no more of the body, None as long as it does."""

    @property
    def size(self) -> int:
        """The length of what it keeps, in bytes."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""


@dataclass(slots=True)
class RequestInfo:
    """What is known about a request while it is handled, for logs and metrics.

    operation: the name of its route; caller: once authenticated; trace: the id of its trace, if traces are on;
    sink: what takes its body, None if that is read as a whole.
    """

    operation: str = ""
    caller: Caller = NOBODY
    trace: str = ""
    sink: BodySink | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a client.

    path: percent-decoded once, by the server; malformed escapes are left. query: not decoded.
    headers: by lower-case name. address: the client's; certificate: the common name of the client's
    certificate, None without one. id: unique. info: filled in while the request is handled.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"
    address: str = ""
    certificate: str | None = None
    id: str = field(default_factory=new_request_id)
    info: RequestInfo = field(default_factory=RequestInfo, compare=False)

    @property
    def large(self) -> bool:
        """Whether its body is too long to be decoded in the event loop."""
        return len(self.body) > LARGE_BODY or self.info.sink is not None


@dataclass(slots=True)
class Reply:
    """A reply to a client. body: all of it, or its first piece; rest: further pieces of a large one."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    rest: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The length of the whole body, in bytes."""
        return len(self.body) + sum(map(len, self.rest))


class HttpError(Exception):
    """A request that is refused. code: Placement's error code, shown since its version 1.23."""

    def __init__(
        self, status: int, detail: str, *, code: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.code, self.headers = status, detail, code, headers


class LimitExceeded(HttpError):
    """A limit was exceeded: the detail names it and its value. Recorded in the audit log."""

    def __init__(self, status: int, detail: str, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status, detail, headers=headers)


class AmbiguousRequest(HttpError):
    """A request that a proxy might parse differently, or as two. Recorded in the audit log; closes the connection."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail, headers=(("connection", "close"),))


class BadRequest(HttpError):
    """A request that makes no sense: 400, with the reason."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(400, detail, code=code)


STREAMED: Final = "application/x-ndjson"
"""The media type of bodies that may be longer than any other: of those that their route takes piece by piece."""


def is_streamed(request: Request) -> bool:
    """Whether a body is said to be one that may be taken piece by piece."""
    return media_type_of(request) == STREAMED


def media_type_of(request: Request) -> str:
    """Return the media type of a body, without parameters; "" if there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def retry_after(least_s: float = 1) -> tuple[tuple[str, str], ...]:
    """Return the header that says when to try again: `least_s`, and up to two seconds more by chance.

    Without chance, all clients that were refused at once would come back at once.
    """
    seconds = max(1, math.ceil(least_s)) + random.randint(0, 2)  # noqa: S311 - it keeps no secret
    return (("retry-after", str(seconds)),)


_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decoded(text: str) -> str:
    """Return percent-decoded text of a URL; raise ValueError if it cannot be decoded."""
    if "%" not in text:
        return text
    if _NO_ESCAPE.search(text) is not None:
        raise ValueError("a percent-escape is malformed")
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError("a percent-escape is not UTF-8") from None
    if "\x00" in plain:
        raise ValueError("it contains a NUL character")
    return plain


def parse_query(text: str) -> list[tuple[str, str]]:
    """Return the parameters of a query string, in order; raise BadRequest if an escape is malformed."""
    pairs = []
    try:
        for pair in filter(None, text.split("&")):
            name, _, value = pair.replace("+", " ").partition("=")
            pairs.append((decoded(name), decoded(value)))
    except ValueError as error:
        raise BadRequest(f"Invalid query string parameters: {error}") from None
    return pairs
