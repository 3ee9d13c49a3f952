"""Refusals as they travel: a stable name for each, with its fields; and back again on the other side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from berth.model import errors
from berth.model.errors import BerthError


def kind_of(error: type[BerthError]) -> str:
    """A refusal's name in JSON: CapacityExceeded is capacity-exceeded."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()


def _all(error: type[BerthError]) -> Iterator[type[BerthError]]:
    yield error
    for below in error.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _all(below)


KINDS: Final[dict[str, type[BerthError]]] = {kind_of(error): error for error in _all(BerthError)}
"""Every refusal and failure by its name."""


def known(error: BerthError) -> type[BerthError]:
    """The class of the model that an error is of: others may have classes below those, for themselves."""
    return next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)


def fields_of(error: BerthError) -> dict[str, Any]:
    """What a refusal says besides its words, as plain values."""
    return {name: msgspec.to_builtins(value) for name, value in vars(error).items() if not name.startswith("_")}


def rebuilt(kind: type[BerthError], words: str, fields: Mapping[str, Any]) -> BerthError:
    """A refusal from what it says, as it was where it was raised."""
    error = kind.__new__(kind, words)
    types: Mapping[str, Any] = getattr(kind, "FIELDS", {})
    for name, value in fields.items():
        if name in types and value is not None:
            value = msgspec.convert(value, types[name])
        setattr(error, name, tuple(value) if isinstance(value, list) else value)
    return error
