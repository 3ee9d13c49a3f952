"""Bodies and queries against their schemas: accepted fast, refused in the words that clients know."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema
import jsonschema_rs

from berth.api.http import BadRequest
from berth.api.placement.schemas import Schema
from berth.model.names import canonical_uuid

_WORDS: Final = jsonschema.FormatChecker(formats=())


@_WORDS.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or canonical_uuid(value) is not None


class Validator:
    """One schema, in both its forms."""

    __slots__ = ("_fast", "_schema", "_slow")

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fast = jsonschema_rs.Draft202012Validator(
            schema, formats={"uuid": lambda text: canonical_uuid(text) is not None}, validate_formats=True
        )
        self._slow: jsonschema.Draft202012Validator | None = None

    def why_not(self, value: Any) -> str | None:
        """Why a value is not valid; None if it is."""
        try:
            if self._fast.is_valid(value):
                return None
            why = "it does not match the schema"
        except (ValueError, TypeError, OverflowError) as error:  # numbers or text that JSON cannot hold
            why = str(error)
        if self._slow is None:
            self._slow = jsonschema.Draft202012Validator(self._schema, format_checker=_WORDS)
        best = jsonschema.exceptions.best_match(self._slow.iter_errors(value))
        return why if best is None else str(best)


@lru_cache(maxsize=512)
def _validator(text: str) -> Validator:
    return Validator(json.loads(text))


def validator(schema: Schema) -> Validator:
    """The validator of a schema; equal schemas share one."""
    return _validator(json.dumps(schema, sort_keys=True))


def load_json(body: bytes) -> Any:
    """A JSON value; BadRequest if it is malformed, or cannot be what it says (NaN, duplicate keys, half characters)."""
    try:
        value = json.loads(body, object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError:
        raise BadRequest("Malformed JSON: it is nested too deeply") from None
    except ValueError as error:
        raise BadRequest(f"Malformed JSON: {error}") from None
    if b"\\u" in body and not _is_text(value):
        raise BadRequest("Malformed JSON: a string holds a NUL character or half of a surrogate pair")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"duplicate key {twice!r}")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _is_text(value: Any) -> bool:
    """Whether every string in it could be stored and sent again."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(map(_is_text, value)) and all(map(_is_text, value.values()))
    return not isinstance(value, list) or all(map(_is_text, value))
