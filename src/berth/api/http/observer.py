"""Who is told of every request: metrics, the log of requests, traces."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from berth.api.http.messages import Request


class Answered(NamedTuple):
    """How a request was answered. face: which; size: of the body, in bytes, 0 for a stream; seconds: it took."""

    face: str
    status: int
    size: int
    seconds: float


class RequestObserver(Protocol):
    """Is told of requests, in the event loop: it must not wait, and nothing may be raised."""

    def began(self, request: Request) -> None:
        """A request was read, and is about to be looked at."""

    def answered(self, request: Request, answer: Answered) -> None:
        """Its reply is about to be sent."""
