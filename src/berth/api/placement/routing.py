"""From a method, a path and a version to an operation."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from berth.api.http import HttpError, decoded
from berth.api.placement import versions
from berth.api.placement.call import Operation
from berth.api.placement.routes import OPERATIONS

Shape = tuple[str | None, ...]
"""A path's segments; None where any text stands."""

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


def route(method: str, path: str, minor: int) -> tuple[Operation, dict[str, str]]:
    """The operation, and what stands in the path's places; HttpError 404 or 405."""
    shape, values = _split(path)
    methods = _TABLE.get(shape)
    if methods is None:
        raise HttpError(404, NO_SUCH_PATH)
    operations = methods.get(method)
    if operations is None:
        allowed = ", ".join(methods)
        raise HttpError(405, f"The method {method} is not allowed for this resource.", headers=(("allow", allowed),))
    for operation in operations:
        if versions.opened(operation.name) <= minor < versions.closed(operation.name):
            return operation, dict(zip(_NAMES[operation.path], values, strict=True))
    if operations[0].too_early == 405:
        raise HttpError(405, f"The method {method} is not allowed for this resource.")
    raise HttpError(404, NO_SUCH_PATH)


def _split(path: str) -> tuple[Shape, list[str]]:
    """A path as a shape of the table, and the texts in its open places."""
    segments = path.split("/")[1:] if path.startswith("/") else []
    if segments == [""] or not path:
        return (), []
    if "" in segments:
        raise HttpError(404, NO_SUCH_PATH)
    try:
        values = [decoded(segment) for segment in segments]
    except ValueError:
        raise HttpError(404, NO_SUCH_PATH) from None
    # Open places are the second and the fourth, whatever the path: .../{uuid}/inventories/{resource_class}
    shape = tuple(None if place % 2 else segment for place, segment in enumerate(values))
    return shape, values[1::2]
