"""Lines of an import, as records: JSON, or CSV below a header."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import msgspec

from berth.cli.csv_records import CsvHeader, NoRow, header_of
from berth.model.record import ProviderRecord

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors write at the beginning of a file."""

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

_decode = msgspec.json.Decoder(ProviderRecord).decode


Line = tuple[int, bytes]
"""A line with its number."""

ReadLine = Callable[[bytes], Sequence[ProviderRecord]]
"""A function from a line to the records in it. Raises NoRecord."""


class NoRecord(ValueError):
    """A line that is no record; the message says why."""


@dataclass(frozen=True, slots=True)
class RecordSource:
    """The lines of a file, with their numbers, and how each is read."""

    lines: Iterator[Line]
    read: ReadLine

    @classmethod
    def from_lines(cls, source: Iterable[bytes]) -> RecordSource:
        """Return the lines of JSON Lines or of CSV, which has a header first. Raises NoRecord if that is wrong."""
        lines = enumerate(source, 1)
        first = next(((number, line) for number, line in lines if line.strip()), None)
        if first is None or first[1].removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{"):
            return cls(chain(() if first is None else (first,), lines), lambda line: (record_of(line),))
        try:
            header = header_of(first[1])
        except NoRow as error:
            raise NoRecord(f"line {first[0]}: {error}") from None
        return cls(lines, lambda line: _rows(header, line))


def _rows(header: CsvHeader, line: bytes) -> Sequence[ProviderRecord]:
    try:
        return tuple(header.records(line))
    except NoRow as error:
        raise NoRecord(str(error)) from None


def record_of(line: bytes) -> ProviderRecord:
    """Return a line as a record; a whole number may be written 8.0, as in the Placement API. Raises NoRecord."""
    line = line.removeprefix(BYTE_ORDER_MARK)
    try:
        record = _decode(line)
        json.loads(line, object_pairs_hook=_object)
        return record
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _leniently(line, error)


def _leniently(line: bytes, error: Exception) -> ProviderRecord:
    """Return the record if nothing is wrong with it but numbers such as 8.0. Raises NoRecord."""
    try:
        given = json.loads(line, parse_float=_number, object_pairs_hook=_object)
    except NoRecord:
        raise
    except ValueError:
        raise NoRecord(str(error)) from None
    if _SURROGATE.search(json.dumps(given, ensure_ascii=False)) is not None:
        raise NoRecord("a text contains half of a surrogate pair, which is not a character") from None
    try:
        return msgspec.convert(given, ProviderRecord)
    except msgspec.ValidationError:
        raise NoRecord(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raises NoRecord if it has a name twice: which of its values counts is not defined."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise NoRecord(f"{next(name for name in names if names.count(name) > 1)!r} appears twice in one object")
    return found


def _number(text: str) -> Any:
    value = float(text)
    return int(value) if value.is_integer() else value
