"""ETags: whoever has an answer already is told so, without its being worked out again (RFC 9110, 13)."""

from __future__ import annotations

from zlib import crc32

from berth import __version__
from berth.api.http.messages import Request


def of_head(head: int, request: Request) -> str:
    """The tag of an answer that is the same until something changes. Weak: two such need not agree to the byte."""
    asked = f"{__version__}\0{request.path}\0{request.query}\0{request.headers.get('accept', '')}"
    return f'W/"{head}-{crc32(asked.encode()):08x}"'


def of_body(body: bytes) -> str:
    """The tag of an answer that depends on more than the ledger."""
    return f'W/"{len(body)}-{crc32(body):08x}"'


def matches(request: Request, tag: str) -> bool:
    """Whether the client has what this tag is of."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    wanted = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") == wanted for each in given.split(","))
