"""How deeply the lists and objects of a JSON text are nested, without decoding it.

Everything that depends on what the text contains is done by functions in C, on one part of the text after the other:
a part is short enough that other threads are not kept from running.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from operator import add
from typing import Final

PART: Final = 64 * 1024
"""The length of a part, in bytes."""

_REST: Final = bytes(each for each in range(256) if each not in b'[]{}"')
_AS_BITS: Final = bytes.maketrans(b"[{]}", b"1100")
"""An opening bracket is a one, a closing one a zero, so that eight of them are one byte."""

_STEPS: Final = [[1 if byte >> bit & 1 else -1 for bit in range(7, -1, -1)] for byte in range(256)]
_SUMS: Final = bytes(sum(steps) & 0xFF for steps in _STEPS)
"""By eight brackets: by how much they change the depth, as a signed byte."""

_PEAKS: Final = bytes(max(0, *accumulate(steps)) for steps in _STEPS)
"""By eight brackets: how much deeper than before the first of them it becomes."""


def is_deeper(body: bytes, most: int) -> bool:
    """Whether JSON arrays and objects are nested deeper than `most`. Undefined for invalid JSON.

    Most bodies have no more than `most` of them in all, so that counting them suffices.
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    depth = 0
    for bits in _brackets(body):
        padding = -len(bits) % 8  # closing brackets, which make nothing deeper
        packed = int(bits + b"0" * padding or b"0", 2).to_bytes((len(bits) + padding) // 8)
        before = list(accumulate(memoryview(packed.translate(_SUMS)).cast("b"), initial=depth))
        if max(map(add, before, packed.translate(_PEAKS)), default=depth) > most:
            return True
        depth = before[-1] + padding
    return False


def _brackets(body: bytes) -> Iterator[bytes]:
    """Yield the brackets outside of strings, part by part, as zeros and ones."""
    inside = False
    for part in _parts(body):
        unescaped = part.replace(rb"\\", b"").replace(rb"\"", b"")
        pieces = unescaped.translate(None, _REST).split(b'"')
        yield b"".join(pieces[inside::2]).translate(_AS_BITS)
        inside ^= len(pieces) % 2 == 0


def _parts(body: bytes) -> Iterator[bytes]:
    """Yield the body in parts, none of which ends within an escaped character."""
    start = 0
    while start < len(body):
        part = body[start : start + PART]
        if (len(part) - len(part.rstrip(b"\\"))) % 2:
            part = body[start : start + PART + 1]
        yield part
        start += len(part)
