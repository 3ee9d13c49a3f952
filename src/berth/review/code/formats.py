"""Format texts, of `%` and of `format`: which of the values that they are given become text of the result."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from string import Formatter
from typing import Final

Key = int | str
"""By which a value is given: its position or its name."""

_NUMERIC: Final = frozenset("dxXofFeEgGn%b")
"""Types of a field of `format` that raise ValueError for text."""
_CONVERSION: Final = re.compile(r"%(?:\((\w+)\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?([diouxXeEfFgGcrsa%])")
_NUMERIC_CONVERSIONS: Final = frozenset("diouxXeEfFgG")
"""Conversions of `%` that raise TypeError for text."""


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A format text: how what it makes begins, and by which keys the values are given that it takes as text."""

    head: str
    taken: tuple[Key, ...]


def percent_format(text: str) -> TextFormat | None:
    """Return what `text % given` takes; None if the text says too little about it."""
    conversions = list(_CONVERSION.finditer(text))
    values = [each for each in conversions if each[2] != "%"]
    if not values or any("*" in each[0] for each in values):
        return None
    taken = [each[1] or at for at, each in enumerate(values) if each[2] not in _NUMERIC_CONVERSIONS]
    return TextFormat(text[: values[0].start()].replace("%%", "%"), tuple(dict.fromkeys(taken)))


def brace_format(text: str) -> TextFormat | None:
    """Return what `text.format(...)` takes; None if the text is no format."""
    try:
        parsed = list(Formatter().parse(text))
        numbered = list(_numbered(parsed))
    except ValueError:
        return None
    head = parsed[0][0] if parsed else ""
    return TextFormat(head, tuple(dict.fromkeys(key for key, is_numeric in numbered if not is_numeric)))


def _numbered(parsed: Iterable[tuple[str, str | None, str | None, str | None]]) -> Iterator[tuple[Key, bool]]:
    """Yield the key of each field in order, those within a width included, and whether it takes numbers only."""
    count = 0
    for _, name, spec, conversion in parsed:
        if name is None:
            continue
        inner = [each[1] for each in Formatter().parse(spec or "") if each[1] is not None]
        is_numeric = not conversion and not inner and (spec or "")[-1:] in _NUMERIC and bool(spec)
        for each in (name, *inner):
            first = re.split(r"[.\[]", each, maxsplit=1)[0]
            yield (count if not first else int(first) if first.isdigit() else first), is_numeric and each == first
            count += not first
