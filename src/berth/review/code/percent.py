"""Text that is put together by `%`: which of the values that it is given become part of it, and as what."""

import re
from typing import Final

from berth.review.code.frame import Frame
from berth.review.code.values import UNKNOWN, Thing, Value, constant, labelled

_CONVERSION: Final = re.compile(r"%(?:\((\w+)\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?([diouxXeEfFgGcrsa%])")
_NUMERIC: Final = frozenset("diouxXeEfFgG")
"""Conversions that raise TypeError for text."""


def formatted_parts(frame: Frame, text: Value, given: Value) -> list[Value]:
    """Return what `text % given` is put together from: the text before the first value, and the values."""
    single = text.single()
    if single is None or not isinstance(single[0], str):
        return [text, given]
    conversions = [each for each in _CONVERSION.finditer(single[0]) if each[2] != "%"]
    head = constant(single[0][: conversions[0].start()] if conversions else single[0])
    things = [thing for _, thing in frame.things(given)]
    thing = things[0] if len(things) == 1 else None
    parts = [
        _part(frame, given, thing, each[1] or at) for at, each in enumerate(conversions) if each[2] not in _NUMERIC
    ]
    return [head, *parts] if conversions else [text, given]


def _part(frame: Frame, given: Value, thing: Thing | None, key: str | int) -> Value:
    """Return one value of those that are given, as a tuple, a dictionary or alone."""
    if thing is None or not thing.is_exact or thing.kind not in ("tuple", "dict"):
        return labelled(UNKNOWN, frame.content(given))
    return thing.get(key) or labelled(UNKNOWN, frame.content(given))
