"""Spelling suggestions for a name that does not exist."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from difflib import get_close_matches

from berth.fleet.state.fleet import Fleet
from berth.model.change import NameKind

MAX_SUGGESTIONS = 3
MAX_COMPARED = 500
"""Names that are compared letter by letter: those that share the most words with the given name."""


def suggestions(fleet: Fleet, kind: NameKind, name: str) -> list[str]:
    """Return up to three names of a kind that are closest to this one, the closest first."""
    return closest_names(name, (named.name for named in fleet.catalogue.all(kind)))


def closest_names(name: str, names: Iterable[str]) -> list[str]:
    """Return up to three of these names that are closest to this one, the closest first."""
    wanted = name.upper()
    description = set(wanted.split("_"))
    compared = heapq.nlargest(MAX_COMPARED, names, key=lambda each: _likeness(description, len(wanted), each))
    return get_close_matches(wanted, compared, MAX_SUGGESTIONS)


def _likeness(description: set[str], length: int, name: str) -> tuple[int, int]:
    return len(description.intersection(name.split("_"))), -abs(len(name) - length)
