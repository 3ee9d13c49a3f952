"""ETags: 304 for a client that has the current answer, without computing it again (RFC 9110, 13)."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from berth import __version__
from berth.api.http.messages import Request

DIGEST_BYTES: Final = 8
"""The length of a hash in a tag: two of 4 billion answers have the same one with a probability of one half."""


def of_position(number: int, history: str, lapsed: int, request: Request) -> str:
    """Return the tag of an answer that changes with the ledger only. Weak: its bytes may differ.

    number: of the last change; history: the tag of the audit log's end, which no other history has; lapsed: when
    something lapsed last, 0 if nothing has: that changes answers without a change of the log.
    """
    key = f"{__version__}\0{request.path}\0{request.query}\0{request.headers.get('accept', '')}"
    since = f"-{lapsed:x}" if lapsed else ""
    return f'W/"{number}-{history}{since}-{_digest(key.encode())}"'


def of_body(*pieces: bytes) -> str:
    """Return the tag of an answer that depends on more than the ledger, from its body."""
    return f'W/"{_digest(*pieces)}"'


def matches(request: Request, tag: str) -> bool:
    """Whether the client has the answer with this tag, or says `*`: it has one, and any will do."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    wanted = tag.removeprefix("W/")
    return given.strip() == "*" or any(each.strip().removeprefix("W/") == wanted for each in given.split(","))


def _digest(*pieces: bytes) -> str:
    digest = blake2b(digest_size=DIGEST_BYTES)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
