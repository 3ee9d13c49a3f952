"""Which of the names that there are was probably meant."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from difflib import get_close_matches

from berth.fleet.state.fleet import Fleet
from berth.model.change import NameKind

OFFERED = 3
COMPARED = 500
"""How many names are compared letter by letter: those that share the most words with what was asked for."""


def suggestions(fleet: Fleet, kind: NameKind, name: str) -> list[str]:
    """Up to three names of a kind that are most like this one, the most alike first."""
    return most_alike(name, (named.name for named in fleet.catalogue.all(kind)))


def most_alike(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of these names that are most like this one, the most alike first."""
    wanted = name.upper()
    words = set(wanted.split("_"))
    compared = heapq.nlargest(COMPARED, names, key=lambda each: _likeness(words, len(wanted), each))
    return get_close_matches(wanted, compared, OFFERED)


def _likeness(words: set[str], length: int, name: str) -> tuple[int, int]:
    return len(words.intersection(name.split("_"))), -abs(len(name) - length)
