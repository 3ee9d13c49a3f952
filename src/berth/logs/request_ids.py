"""Which requests this thread works for, so that every line of the log can say so."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar, Token
from typing import Final

_REQUESTS: Final[ContextVar[tuple[str, ...]]] = ContextVar("requests", default=())


class RequestIds:
    """While this is entered, all that is done here is done for these requests. It costs next to nothing."""

    __slots__ = ("_before", "_requests")

    def __init__(self, requests: Sequence[str]) -> None:
        self._requests = tuple(requests)

    def __enter__(self) -> None:
        self._before: Token[tuple[str, ...]] = _REQUESTS.set(self._requests)

    def __exit__(self, *_: object) -> None:
        _REQUESTS.reset(self._before)


def requests() -> tuple[str, ...]:
    """The ids of the requests that are worked for here; several where one commit carries out all of their commands."""
    return _REQUESTS.get()
