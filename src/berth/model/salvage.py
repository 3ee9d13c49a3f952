"""Salvage of facts that are not of their types, as an earlier Berth wrote them for programs that embedded it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final, get_args, get_origin

import msgspec

from berth.model.change import Facts

_UNUSABLE: Final = (msgspec.MsgspecError, AttributeError, TypeError, ValueError, OverflowError)


def salvaged(text: str) -> Facts:
    """Return what stored facts say, with every number as the whole number it begins with (4.5 as 4, true as 1).

    What cannot be made sense of is left out. Does not raise.
    """
    try:
        given = msgspec.json.decode(text)
        parts = {
            field.name: (given[field.name], field.type)
            for field in msgspec.structs.fields(Facts)
            if field.name in given
        }
    except _UNUSABLE:
        return Facts()
    return Facts(**dict(_usable(parts)))


def _usable(parts: dict[Any, tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield those parts that can be made values of their types."""
    for key, (value, kind) in parts.items():
        try:
            yield key, _value(value, kind)
        except _UNUSABLE:
            continue


def _value(value: Any, kind: Any) -> Any:
    """Return a value as one of this type. Raises one of _UNUSABLE."""
    if get_origin(kind) is dict:
        _, of = get_args(kind)
        return dict(_usable({key: (each, of) for key, each in value.items()}))
    if get_origin(kind) is list:
        (of,) = get_args(kind)
        return [each for _, each in _usable({place: (each, of) for place, each in enumerate(value)})]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return kind(*(_value(each, field.type) for each, field in zip(value, fields, strict=True)))
    convert = _SCALARS.get(kind)
    return msgspec.convert(value, kind) if convert is None else convert(value)


def _whole(value: Any) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise TypeError(value)
    return str(value)


_SCALARS: Final[dict[Any, Callable[[Any], Any]]] = {int: _whole, float: float, str: _text}
