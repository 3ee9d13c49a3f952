"""Errors in transit: a stable name for each, with its fields, and back to an exception in the client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from berth.model import errors
from berth.model.errors import BerthError


def kind_of(error: type[BerthError]) -> str:
    """Return an error's name in JSON: CapacityExceeded is capacity-exceeded."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()


def _all(error: type[BerthError]) -> Iterator[type[BerthError]]:
    yield error
    for below in error.__subclasses__():
        if _is_of_the_model(below):
            yield from _all(below)


def _is_of_the_model(error: type[BerthError]) -> bool:
    return getattr(errors, error.__name__, None) is error


KINDS: Final[dict[str, type[BerthError]]] = {kind_of(error): error for error in _all(BerthError)}
"""Every error by its name."""


def known(error: BerthError) -> type[BerthError]:
    """Return the model's class of an error: other modules may have subclasses of their own."""
    return next(kind for kind in type(error).__mro__ if _is_of_the_model(kind))


def fields_of(error: BerthError) -> dict[str, Any]:
    """Return an error's fields besides its text, as plain values."""
    return {name: msgspec.to_builtins(value) for name, value in vars(error).items() if not name.startswith("_")}


def rebuilt(kind: type[BerthError], text: str, fields: Mapping[str, Any]) -> BerthError:
    """Return an error from its text and fields, equal to the one that was raised."""
    error = kind.__new__(kind, text)
    types: Mapping[str, Any] = getattr(kind, "FIELDS", {})
    for name, value in fields.items():
        if name in types and value is not None:
            value = msgspec.convert(value, types[name])
        setattr(error, name, tuple(value) if isinstance(value, list) else value)
    return error
