"""From a method, a path and a version to an operation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from berth.api.http.messages import HttpError
from berth.api.placement import versions
from berth.api.placement.operation import Operation
from berth.api.placement.routes import OPERATIONS

Shape = tuple[str | None, ...]
"""A path's segments; None where any text stands."""

_UNREADABLE: Final = re.compile("[\0\ufffd]")
"""What decoding makes of escapes that are no text. An escape that is none stays as it is, and is part of no name."""

NO_SUCH_PATH: Final = "The resource could not be found."


def _shape(path: str) -> Shape:
    return tuple(None if segment.startswith("{") else segment for segment in path.strip("/").split("/") if segment)


def _by_shape() -> dict[Shape, dict[str, list[Operation]]]:
    table: dict[Shape, dict[str, list[Operation]]] = defaultdict(lambda: defaultdict(list))
    for operation in OPERATIONS:
        table[_shape(operation.path)][operation.method].append(operation)
    return {shape: dict(methods) for shape, methods in table.items()}


_TABLE: Final = _by_shape()
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    operation.path: tuple(segment[1:-1] for segment in operation.path.split("/") if segment.startswith("{"))
    for operation in OPERATIONS
}

PUBLIC: Final = frozenset(operation.path for operation in OPERATIONS if operation.public)
"""Paths that can be asked for without a token."""


def route(method: str, path: str, minor: int) -> tuple[Operation, dict[str, str]]:
    """The operation, and what stands in the path's places; HttpError 404 or 405."""
    shape, values = _split(path)
    methods = _TABLE.get(shape)
    if methods is None:
        raise HttpError(404, NO_SUCH_PATH)
    operations = methods.get(method)
    if operations is None:
        raise _not_allowed(method, methods)
    for operation in operations:
        if versions.opened(operation.name) <= minor < versions.closed(operation.name):
            return operation, dict(zip(_NAMES[operation.path], values, strict=True))
    if operations[0].too_early == 405:
        raise _not_allowed(method, (name for name, (one, *_) in methods.items() if versions.opened(one.name) <= minor))
    raise HttpError(404, NO_SUCH_PATH)


def _not_allowed(method: str, allowed: Iterable[str]) -> HttpError:
    told = f"The method {method} is not allowed for this resource."
    return HttpError(405, told, headers=(("allow", ", ".join(allowed)),))


def _split(path: str) -> tuple[Shape, list[str]]:
    """A path as a shape of the table, and the texts in its open places."""
    if path == "/":
        return (), []
    first, *segments = path.split("/")
    if first or not segments or "" in segments:
        raise HttpError(404, NO_SUCH_PATH)
    if _UNREADABLE.search(path) is not None:
        raise HttpError(404, f"{NO_SUCH_PATH} A percent-escape in its path is malformed, or stands for no character.")
    # Open places are the second and the fourth, whatever the path: .../{uuid}/inventories/{resource_class}
    shape = tuple(None if place % 2 else segment for place, segment in enumerate(segments))
    return shape, segments[1::2]
