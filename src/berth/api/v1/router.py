"""From a method and a path to a route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from berth.api.http.messages import HttpError
from berth.api.v1.route import Route

NO_SUCH_PATH: Final = "There is nothing at this path: /v1/openapi.json says what there is."
LONGEST: Final = 512
"""Of a part of a path, in characters."""

Shape = tuple[str | None, ...]
"""A path's parts; None where any text stands."""


class Router:
    """Finds the route that a request is for."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._table: Final[dict[Shape, dict[str, Route]]] = {}
        for route in routes:
            shape = tuple(None if part.startswith("{") else part for part in _parts(route.path))
            self._table.setdefault(shape, {})[route.method] = route
        # A part that is named comes before one that is open.
        self._shapes = sorted(self._table, key=lambda shape: [part is None for part in shape])

    def route(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route, and what stands in its path's places; HttpError 404 or 405."""
        parts = _parts(path)
        for shape in self._shapes:
            if len(shape) == len(parts) and all(
                want is None or want == part for want, part in zip(shape, parts, strict=True)
            ):
                return self._of(self._table[shape], method, parts)
        raise HttpError(404, NO_SUCH_PATH)

    def _of(self, methods: dict[str, Route], method: str, parts: list[str]) -> tuple[Route, dict[str, str]]:
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            allowed = sorted({*methods, *(("HEAD",) if "GET" in methods else ())})
            told = f"{method} is not for this path: it takes {', '.join(allowed)}."
            raise HttpError(405, told, headers=(("allow", ", ".join(allowed)),))
        places = zip(_parts(route.path), parts, strict=True)
        items = {name[1:-1]: part for name, part in places if name.startswith("{")}
        if any(not part or len(part) > LONGEST or "\0" in part or "\ufffd" in part for part in items.values()):
            raise HttpError(404, NO_SUCH_PATH)
        return route, items


def _parts(path: str) -> list[str]:
    return path[1:].split("/")
