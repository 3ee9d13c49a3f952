"""HTTP/1.1 as bytes: requests built before the clock starts, replies read with as little work as possible."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "1.39"
"""The Placement microversion of every request."""


class Unreadable(Exception):
    """The server's answer is not a plain HTTP/1.1 reply with a known length."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; always a loopback address."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Head:
    """The first part of a reply: where its body starts and ends, counted from the reply's first byte."""

    status: int
    body_at: int
    end: int
    closes: bool


def header(method: str, target: str, length: int | None = None, version: str = VERSION) -> bytes:
    """The request's head. `length` is the body's, in bytes; None means that there is no body."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "host: 127.0.0.1",
        "x-auth-token: admin",
        f"openstack-api-version: placement {version}",
        "accept: application/json",
    ]
    if length is not None:
        lines += ["content-type: application/json", f"content-length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def get(target: str, version: str = VERSION) -> bytes:
    """A whole GET request."""
    return header("GET", target, version=version)


def send(method: str, target: str, body: Mapping[str, object]) -> bytes:
    """A whole request with a JSON body."""
    content = json.dumps(body, separators=(",", ":")).encode()
    return header(method, target, len(content)) + content


def parse_head(data: bytes | bytearray) -> Head | None:
    """Read a reply's head, or None while it is incomplete.

    A reply without content-length (RFC 9112, 6.3) is only taken where there is no body by definition (204, 304);
    chunked replies raise `Unreadable`, for no server measured here sends them.
    """
    at = data.find(b"\r\n\r\n")
    if at < 0:
        return None
    status = int(data[9:12])
    names = bytes(data[:at]).lower()
    closes = b"\r\nconnection: close" in names
    if status in (204, 304):
        return Head(status, at + 4, at + 4, closes)
    return Head(status, at + 4, at + 4 + content_length(names), closes)


def content_length(names: bytes) -> int:
    """The value of content-length among lower-case header lines. Raises `Unreadable` if there is none."""
    mark = names.find(b"\r\ncontent-length:")
    if mark < 0:
        raise Unreadable(names[:200].decode("latin-1"))
    stop = names.find(b"\r\n", mark + 2)
    return int(names[mark + 17 : stop if stop > 0 else len(names)])
