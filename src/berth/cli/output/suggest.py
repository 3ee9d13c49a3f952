"""The names most like one that nobody has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

MOST: Final = 3


def suggestions(name: str, names: Iterable[str]) -> list[str]:
    """At most three names that were perhaps meant, the most alike first, whatever their case."""
    by_lower = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=MOST, cutoff=0.6)
    return [by_lower[each] for each in found]


def perhaps(names: Iterable[str]) -> str:
    """The question whether one of them was meant; "" if there are none."""
    told = list(names)
    return f"did you mean {', '.join(told[:-1]) + ' or ' if told[1:] else ''}{told[-1]}?" if told else ""
