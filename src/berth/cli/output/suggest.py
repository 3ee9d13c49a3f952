"""Suggestions for misspelled names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

MOST: Final = 3


def suggestions(name: str, names: Iterable[str]) -> list[str]:
    """Return at most three similar names, the most similar first, ignoring case."""
    by_lower = {each.lower(): each for each in names}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=MOST, cutoff=0.6)
    return [by_lower[each] for each in matches]


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question "did you mean A, B or C?"; "" without names."""
    every = list(names)
    return f"did you mean {', '.join(every[:-1]) + ' or ' if every[1:] else ''}{every[-1]}?" if every else ""
