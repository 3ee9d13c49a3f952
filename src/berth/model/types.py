"""Types of values from a program, which Python does not check: a float where the ledger counts would poison its log."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

from berth.model.errors import Invalid
from berth.model.message import message, message_of, value

S = TypeVar("S", bound=msgspec.Struct)

_PLACE: Final = re.compile(r" - at `\$([^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def typed(given: S, kind: type[S]) -> S:
    """Return a value whose fields are of their types, all the way down; lists become tuples and sets as needed.

    Objects may be given as dictionaries of their fields. Raises Invalid, with the place, for any other type: a float
    or a bool is no int, a number no text.
    """
    try:
        return msgspec.convert(_builtins(given), kind)
    except (msgspec.ValidationError, TypeError, OverflowError):
        return _from_message(given, kind)


def _from_message(given: S, kind: type[S]) -> S:
    """Return the same from the form of a JSON message, in which every object has named fields."""
    try:
        converted: S = value(msgspec.convert(_builtins(message(given)), message_of(kind)))
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        raise Invalid(f"{kind.__name__} is malformed: {error}", at=place_of(error)) from None
    return converted


def _builtins(given: msgspec.Struct) -> Any:
    """Return a value as lists and dictionaries. Bytes stay bytes, which are no text: else they would be base64."""
    return msgspec.to_builtins(given, builtin_types=(bytes, bytearray, memoryview))


def place_of(error: Exception) -> str:
    """Return where a value of another type is, as a JSON pointer; "" if that is the whole, or not known.

    For what is within an object of any names, msgspec does not say under which: the pointer is the object's.
    """
    found, place, end = _PLACE.search(str(error)), "", 0
    for step in _STEP.finditer(found[1]) if found else ():
        if step.start() != end:
            break
        place, end = f"{place}/{step[1] or step[2]}", step.end()
    return place
