"""Changes as server-sent events: encoded once, shared by all streams that send them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from typing import Final

import msgspec

from berth.model.change import Change
from berth.model.change_summary import ChangeSummary, brief_of
from berth.model.cursor import Cursor, PlacedChange

PIECE_BYTES: Final = 256 * 1024
"""The most that is sent at once: a slow client holds no more than this, and what it shares with others."""

KEPT_BYTES: Final = 16 * 1024 * 1024
"""How many bytes of the latest events are kept in memory, in both forms together."""

KEPT_CHUNKS: Final = 2_000
"""How many chunks of the latest events are kept in memory."""

_OF_TOKENS: Final = frozenset({"CreateToken", "RotateToken", "RevokeToken"})

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class EventText:
    """Consecutive events in one form. pieces: their bytes, cut; starts: where in all of them each event begins."""

    pieces: tuple[bytes, ...]
    starts: tuple[int, ...]

    def after(self, skipped: int) -> tuple[bytes, ...]:
        """Return the pieces without the first events."""
        return _cut(b"".join(self.pieces)[self.starts[skipped] :]) if skipped else self.pieces


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive changes as events, in full and in brief.

    first: the number of the first; end: the place behind the last; of_tokens: whether one may end the permission of a
    listener; size: in bytes.
    """

    first: int
    end: Cursor
    full: EventText
    brief: EventText
    of_tokens: bool
    size: int


EventForm = Callable[[Chunk], EventText]
"""Returns one of the two forms of a chunk."""

full: Final[EventForm] = attrgetter("full")
short: Final[EventForm] = attrgetter("brief")


class Window:
    """The latest events, without gaps, within bounds of bytes and number."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self.size = 0

    def append(self, chunk: Chunk) -> None:
        """Add the next events, and drop the oldest beyond the bounds, but never these."""
        self._chunks.append(chunk)
        self.size += chunk.size
        dropped = 0
        while self.size > KEPT_BYTES or len(self._chunks) - dropped > KEPT_CHUNKS:
            if dropped == len(self._chunks) - 1:
                break
            self.size -= self._chunks[dropped].size
            dropped += 1
        del self._chunks[:dropped]

    def clear(self) -> None:
        """Forget all events."""
        self._chunks, self.size = [], 0

    def chunk_with(self, number: int) -> Chunk | None:
        """Return the chunk with this change, or None if it is not kept."""
        found = bisect_right(self._chunks, number, key=attrgetter("first")) - 1
        return self._chunks[found] if found >= 0 and number <= self._chunks[found].end.number else None


def chunk_of(page: Sequence[PlacedChange]) -> Chunk:
    """Return a page of changes, at least one, as events."""
    in_full = _text(_event(place, change) for place, change in page)
    brief = _text(_event(place, brief_of(change)) for place, change in page)
    size = sum(len(piece) for text in (in_full, brief) for piece in text.pieces)
    of_tokens = any(change.operation in _OF_TOKENS for _, change in page)
    return Chunk(page[0].change.number, page[-1].place, in_full, brief, of_tokens, size)


def reset_event(end: Cursor) -> bytes:
    """Return the event for a listener whose place is not in this log. end: of the log."""
    return b'id: %s\nevent: reset\ndata: {"head":%d}\n\n' % (str(end).encode(), end.number)


def _event(place: Cursor, value: Change | ChangeSummary) -> bytes:
    return b"id: %s\nevent: change\ndata: %s\n\n" % (str(place).encode(), _encode(value))


def _text(events: Iterable[bytes]) -> EventText:
    each = list(events)
    starts = tuple(accumulate(map(len, each[:-1]), initial=0))
    return EventText(_cut(b"".join(each)), starts)


def _cut(text: bytes) -> tuple[bytes, ...]:
    return tuple(text[start : start + PIECE_BYTES] for start in range(0, len(text), PIECE_BYTES))
