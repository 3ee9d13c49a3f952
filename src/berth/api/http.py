"""Requests and replies as values: no server, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

REASONS: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks. path and query as they stood on the line; headers by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"


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


class BadRequest(HttpError):
    """400, and what is wrong."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(400, detail, code=code)


def decoded(text: str) -> str:
    """Text of a URL with its percent-escapes taken out; ValueError if it is not UTF-8, or an escape is none."""
    if "%" not in text:
        return text
    for escape in text.split("%")[1:]:
        int(escape[:2] if len(escape) >= 2 and escape[:2].isalnum() else "?", 16)
    return unquote_to_bytes(text).decode("utf-8")


def parse_query(text: str) -> list[tuple[str, str]]:
    """The parameters of a query string, in order; BadRequest if an escape is malformed."""
    if not text:
        return []
    found = []
    try:
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.replace("+", " ").partition("=")
                found.append((decoded(name), decoded(value)))
    except ValueError:
        raise BadRequest("Invalid query string parameters: a percent-escape is malformed, or not UTF-8") from None
    if any("\x00" in part for pair in found for part in pair):
        raise BadRequest("Invalid query string parameters: a parameter holds a NUL character")
    return found
