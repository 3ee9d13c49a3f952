"""Observers of requests: metrics, the access log, traces."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from berth.api.http.messages import Request


class Answered(NamedTuple):
    """The answer to a request. app: by name; size: of the body, in bytes, 0 for a stream; seconds: it took."""

    app: str
    status: int
    size: int
    seconds: float


class RequestObserver(Protocol):
    """Receives requests and their answers, in the event loop. Implementations must neither wait nor raise."""

    def began(self, request: Request) -> None:
        """Receive a request that has been read, before it is handled."""

    def answered(self, request: Request, answer: Answered) -> None:
        """Receive the answer to a request, before it is sent."""
