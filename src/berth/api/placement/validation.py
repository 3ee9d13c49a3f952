"""Validation of bodies and queries against their schemas: accepted fast, refused with Placement's texts."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema
import jsonschema_rs

from berth.api.http.messages import BadRequest
from berth.api.placement.schemas import Schema
from berth.model.names import parse_uuid

_WORDS: Final = jsonschema.FormatChecker(formats=())

MOST_WORDS: Final = 16 * 1024
"""Values that came as more bytes than this are refused in few words: the usual ones look for every fault and print all
of the value, which takes seconds for a megabyte."""


@_WORDS.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or parse_uuid(value) is not None


class Validator:
    """A schema, compiled for both libraries."""

    __slots__ = ("_fast", "_schema", "_slow")

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fast = jsonschema_rs.Draft202012Validator(
            schema, formats={"uuid": lambda text: parse_uuid(text) is not None}, validate_formats=True
        )
        self._slow: jsonschema.Draft202012Validator | None = None

    def why_not(self, value: Any, size: int) -> str | None:
        """Return why a value is not valid; None if it is. size: in bytes, as received. May raise RecursionError."""
        try:
            if self._fast.is_valid(value):
                return None
        except (ValueError, TypeError, OverflowError) as error:  # numbers or text that JSON cannot hold
            return self._at_length(value, size) or str(error)
        return self._at_length(value, size) or self._briefly(value)

    def _at_length(self, value: Any, size: int) -> str | None:
        """Return the reason in Placement's words; None if that would take too long, or exceeds Python's limits."""
        if size > MOST_WORDS:
            return None
        if self._slow is None:
            self._slow = jsonschema.Draft202012Validator(self._schema, format_checker=_WORDS)
        best = jsonschema.exceptions.best_match(self._slow.iter_errors(value))
        return None if best is None else str(best)

    def _briefly(self, value: Any) -> str:
        """Return the first fault of an invalid value."""
        try:
            self._fast.validate(value)
        except jsonschema_rs.ValidationError as error:
            place = "".join(f"[{step!r}]" for step in error.instance_path)
            message = error.message if len(error.message) <= 200 else f"{error.message[:200]}..."
            return f"{message} (on instance{place})"
        raise AssertionError("a value that is not valid has a fault")


@lru_cache(maxsize=512)
def _validator(text: str) -> Validator:
    return Validator(json.loads(text))


def validator(schema: Schema) -> Validator:
    """Return the validator of a schema; equal schemas share one."""
    return _validator(json.dumps(schema))  # not sorted: of equally grave faults the first one is reported


def load_json(body: bytes) -> Any:
    """Return a JSON value; raise BadRequest if it is malformed, or inexact (NaN, duplicate keys, half characters).

    May raise RecursionError for one that is nested too deeply.
    """
    try:
        # As text: from bytes json.loads guesses the encoding, and lets encoded halves of surrogate pairs through.
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except ValueError as error:
        why = "a number has too many digits" if str(error).startswith("Exceeds the limit") else error
        raise BadRequest(f"Malformed JSON: {why}") from None
    if b"\\u" in body and not _is_text(value):
        raise BadRequest("Malformed JSON: a string holds a NUL character or half of a surrogate pair")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counted = Counter(key for key, _ in pairs)
        raise ValueError(f"duplicate key {counted.most_common(1)[0][0]!r}")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _is_text(value: Any) -> bool:
    """Whether every string in a value can be stored and sent."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(map(_is_text, value)) and all(map(_is_text, value.values()))
    return not isinstance(value, list) or all(map(_is_text, value))
