"""Lines of an import, as records."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from berth.model.record import ProviderRecord

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors write at the beginning of a file."""

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

_decode = msgspec.json.Decoder(ProviderRecord).decode


class NoRecord(ValueError):
    """A line that is no record; the message says why."""


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
        raise NoRecord("a text holds half of a surrogate pair, which is no character") from None
    try:
        return msgspec.convert(given, ProviderRecord)
    except msgspec.ValidationError:
        raise NoRecord(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raises NoRecord if it has a name twice: which of its values counts is not defined."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise NoRecord(f"{next(name for name in names if names.count(name) > 1)!r} is in one object twice")
    return found


def _number(text: str) -> Any:
    value = float(text)
    return int(value) if value.is_integer() else value
