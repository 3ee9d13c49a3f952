"""Good bodies, and every place in them where something bad can stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.cases.placement_calls import LINES, Line
from tests.support.cases.placement_world import NEWEST, World

Place = tuple[str | int, ...]

BODIES: tuple[Line, ...] = tuple(
    {line.operation: line for line in reversed(LINES) if line.body is not None and line.status < 300}[name]
    for name in dict.fromkeys(line.operation for line in LINES if line.body is not None and line.until == NEWEST)
)
"""A call with a good body for each operation that takes one in the newest version."""

MARK = "@@"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value in a body, and where it stands."""

    place: Place
    value: Any

    @property
    def name(self) -> str:
        """The member of an object that the value is, or is in."""
        return next((str(step) for step in reversed(self.place) if isinstance(step, str)), "")


def good(line: Line, world: World) -> Any:
    """The body of a call."""
    return line.body(world) if callable(line.body) else line.body


def values(body: Any, place: Place = ()) -> Iterator[Leaf]:
    """Every value of a body, objects and arrays included, from the outside in."""
    yield Leaf(place, body)
    if isinstance(body, dict):
        for key, value in body.items():
            yield from values(value, (*place, key))
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from values(value, (*place, number))


def spoilt(body: Any, place: Place, literal: str) -> bytes:
    """The body with a piece of JSON text, which need not be JSON, in one place."""
    return json.dumps(_replaced(body, place, MARK)).replace(json.dumps(MARK), literal).encode("utf-8", "surrogatepass")


def renamed(body: Any, place: Place, literal: str) -> bytes:
    """The body with a piece of JSON text for the name of the member that stands in this place."""
    *outer, key = place
    inside = body
    for step in outer:
        inside = inside[step]
    members = {MARK if name == key else name: value for name, value in inside.items()}
    text = json.dumps(_replaced(body, tuple(outer), members))
    return text.replace(json.dumps(MARK), literal).encode("utf-8", "surrogatepass")


def _replaced(body: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    first, *rest = place
    if isinstance(body, dict):
        return {key: _replaced(item, tuple(rest), value) if key == first else item for key, item in body.items()}
    return [_replaced(item, tuple(rest), value) if number == first else item for number, item in enumerate(body)]
