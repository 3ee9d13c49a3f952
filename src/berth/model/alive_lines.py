"""A reconciliation as lines of JSON (NDJSON), so that its list may have any length: both ends read it piece by piece.

The first line is the request without its list. Then each consumer that is alive has a line: its uuid, or an object with
what it really has. The last line says how many they were: a list that broke off is no list of the living.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from berth.model.alive_list import AliveList, Held
from berth.model.errors import Invalid
from berth.model.json_names import check_names
from berth.model.plural import plural
from berth.model.reconciliation import ReconcileRequest

NDJSON: Final = "application/x-ndjson"

LONGEST_LINE: Final = 2**20
"""Of a line, in bytes."""

_PIECE: Final = 64 * 1024


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consumer and what it really has; or the number of consumers, at the end."""

    consumer: str | None = None
    allocations: Held | None = None
    end: int | None = None


_FIRST: Final = msgspec.json.Decoder(ReconcileRequest)
_UUID: Final = msgspec.json.Decoder(str)
_OBJECT: Final = msgspec.json.Decoder(_Line)
_encode: Final = msgspec.json.encode


class AliveLines:
    """The lines of a request, as often as they are iterated over: pieces of some kilobytes."""

    def __init__(self, request: ReconcileRequest, alive: AliveList) -> None:
        self._request, self._alive = request, alive

    def __iter__(self) -> Iterator[bytes]:
        head: dict[str, Any] = msgspec.to_builtins(self._request)
        head.pop("alive", None)
        piece = bytearray(_encode(head) + b"\n")
        for consumer, entry in self._alive.entries():
            held = self._alive.held(entry)
            line: Any = consumer if held is None else {"consumer": consumer, "allocations": held}
            piece += _encode(line) + b"\n"
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
        yield bytes(piece + _encode({"end": len(self._alive)}) + b"\n")


class AliveLineReader:
    """Reads a request from pieces of its lines as they arrive. Only its list is kept.

    alive: the list so far; error: why the lines are no request, None as long as they may be one.
    """

    def __init__(self) -> None:
        self.alive = AliveList()
        self.error: Invalid | None = None
        self._request: ReconcileRequest | None = None
        self._rest, self._number, self._ended = b"", 0, False

    @property
    def size(self) -> int:
        """What is kept of the lines, in bytes."""
        return self.alive.size + len(self._rest)

    def feed(self, piece: bytes) -> None:
        """Read a piece; nothing after an error."""
        if self.error is None:
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._read(lines)
            if len(self._rest) > LONGEST_LINE:
                self._refuse(f"line {self._number + 1} is longer than {LONGEST_LINE:,} bytes")

    def finish(self) -> ReconcileRequest:
        """Return the request, once all pieces were read. Raises Invalid if they are none, or not all of it."""
        if self.error is None and self._rest:
            self._read([self._rest])
            self._rest = b""
        if self.error is None and not self._ended:
            self._refuse('the list is not complete: its last line must be {"end": COUNT}')
        if self.error is not None:
            raise self.error
        assert self._request is not None, "there is no end without a beginning"
        return self._request

    def _read(self, lines: list[bytes]) -> None:
        for line in lines:
            self._number += 1
            try:
                self._read_line(line)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                self._refuse(f"line {self._number}: {error}")
            except Invalid as error:
                self._refuse(f"line {self._number}: {error}")
            if self.error is not None:
                return

    def _read_line(self, line: bytes) -> None:
        line = line.strip()
        if not line:
            return
        if self._ended:
            raise Invalid("there are lines after the end")
        if line.startswith(b'"'):
            self._require_request()
            self.alive.add(_UUID.decode(line))
            return
        json.loads(line, object_pairs_hook=check_names)
        if self._request is None:
            self._set_request(_FIRST.decode(line))
        else:
            self._read_object(_OBJECT.decode(line))

    def _set_request(self, request: ReconcileRequest) -> None:
        if request.alive:
            raise Invalid("the first line must not have a list of its own")
        self._request = request

    def _require_request(self) -> None:
        if self._request is None:
            raise Invalid("the first line must be the request, an object without the list")

    def _read_object(self, line: _Line) -> None:
        if line.end is None:
            if line.consumer is None:
                raise Invalid('a line must be a uuid, {"consumer": UUID, "allocations": ...} or {"end": COUNT}')
            self.alive.add(line.consumer, line.allocations)
            return
        if line.consumer is not None or line.allocations is not None:
            raise Invalid("the end must be on a line of its own")
        if line.end != len(self.alive):
            raise Invalid(f"the end says {plural(line.end, 'consumer')}, but the list has {len(self.alive):,}")
        self._ended = True

    def _refuse(self, why: str) -> None:
        self.error = Invalid(why, "/alive")
        self.alive, self._rest = AliveList(), b""
