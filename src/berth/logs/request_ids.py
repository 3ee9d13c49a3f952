"""The ids of the requests that this thread works for, which every line of the log names."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar, Token
from typing import Final

_REQUESTS: Final[ContextVar[tuple[str, ...]]] = ContextVar("requests", default=())


class RequestIds:
    """A context manager: while it is entered, this thread works for these requests."""

    __slots__ = ("_before", "_requests")

    def __init__(self, requests: Sequence[str]) -> None:
        self._requests = tuple(requests)

    def __enter__(self) -> None:
        self._before: Token[tuple[str, ...]] = _REQUESTS.set(self._requests)

    def __exit__(self, *_: object) -> None:
        _REQUESTS.reset(self._before)


def requests() -> tuple[str, ...]:
    """Return the ids of the requests that this thread works for: several during a commit of several commands."""
    return _REQUESTS.get()
