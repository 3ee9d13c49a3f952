"""ETags: 304 for a client that has the current answer, without computing it again (RFC 9110, 13)."""

from __future__ import annotations

from zlib import crc32

from berth import __version__
from berth.api.http.messages import Request


def of_head(head: int, request: Request) -> str:
    """Return the tag of an answer that changes with the ledger only. Weak: its bytes may differ."""
    key = f"{__version__}\0{request.path}\0{request.query}\0{request.headers.get('accept', '')}"
    return f'W/"{head}-{crc32(key.encode()):08x}"'


def of_body(body: bytes) -> str:
    """Return the tag of an answer that depends on more than the ledger."""
    return f'W/"{len(body)}-{crc32(body):08x}"'


def matches(request: Request, tag: str) -> bool:
    """Whether the client has the answer with this tag."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    wanted = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") == wanted for each in given.split(","))
