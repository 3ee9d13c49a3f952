"""An app: takes requests, and replies at once or when the ledger has carried out a command."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from berth.api.http.messages import HttpError, Reply, Request


@dataclass(slots=True)
class PendingReply:
    """A reply that needs a command's result. then: returns the reply, once `answer` is done."""

    answer: Future[Any]
    then: Callable[[], Reply]


@dataclass(frozen=True, slots=True)
class StreamReply:
    """A reply whose body is a stream of pieces."""

    pieces: AsyncGenerator[bytes, None]
    headers: list[tuple[str, str]]
    status: int = 200


@dataclass(frozen=True, slots=True)
class AsyncReply:
    """A reply that needs something other than the ledger."""

    reply: Coroutine[Any, Any, Reply]


Response = Reply | PendingReply | StreamReply | AsyncReply
"""What an app returns for a request, without waiting."""


class App(Protocol):
    """One of the HTTP APIs of a server."""

    @staticmethod
    def operations() -> Iterable[str]:
        """Return the operations for which the policy needs a rule."""

    def identify(self, request: Request) -> None:
        """Note the caller of a request whose body has not been read. Raise HttpError if it is not handled at all."""

    def handle(self, request: Request) -> Response:
        """Return the reply to a request, or queue its command for the ledger's next `work`, or return a later reply."""

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
