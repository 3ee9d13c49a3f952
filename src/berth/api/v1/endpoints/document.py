"""The OpenAPI document of this API."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from berth.api.v1.openapi import described
from berth.api.v1.route import Call, Route


def show(call: Call, routes: Iterable[Route]) -> dict[str, Any]:  # noqa: ARG001 - it is the same for every caller
    """Return the document."""
    return _document(tuple(routes))


@lru_cache(maxsize=1)
def _document(routes: tuple[Route, ...]) -> dict[str, Any]:
    return described(routes)
