"""What every face of Berth is: it takes a request, and answers at once or when the ledger has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from berth.api.http.messages import HttpError, Reply, Request


@dataclass(slots=True)
class PendingReply:
    """A request that waits for its command. then: the reply, once `answer` is done."""

    answer: Future[Any]
    then: Callable[[], Reply]


@dataclass(frozen=True, slots=True)
class StreamReply:
    """A reply whose body comes in pieces, for as long as there are any."""

    pieces: AsyncGenerator[bytes, None]
    headers: list[tuple[str, str]]
    status: int = 200


@dataclass(frozen=True, slots=True)
class AsyncReply:
    """A reply that something else than the ledger is awaited for."""

    reply: Coroutine[Any, Any, Reply]


Response = Reply | PendingReply | StreamReply | AsyncReply
"""What comes of a request at once."""


class App(Protocol):
    """One way of speaking to Berth over HTTP."""

    @staticmethod
    def operations() -> Iterable[str]:
        """What the policy has to have a rule for."""

    def begin(self, request: Request) -> Response:
        """A request's reply, its command lined up for the ledger's next `work`, a reply in pieces or a later one."""

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
