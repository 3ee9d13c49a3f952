"""An asynchronous client as tests of an ordinary one see it: its coroutines run in the event loop of a thread."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any

from berth.client.async_client import AsyncHolds
from berth.client.async_leases import AsyncLease, AsyncLeases

ADAPTED = (AsyncHolds, AsyncLease, AsyncLeases)
"""What has coroutines itself."""


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine, and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        """End the loop and its thread."""
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Adapted:
    """An object whose coroutine methods return, and whose asynchronous iterators and contexts are ordinary ones."""

    def __init__(self, target: Any, loop: LoopThread) -> None:
        self.target, self._loop = target, loop

    def __repr__(self) -> str:
        return repr(self.target)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.target, name)
        if isinstance(value, ADAPTED):
            return Adapted(value, self._loop)
        return self._ordinary(value) if callable(value) else value

    def _ordinary(self, verb: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = verb(*(getattr(each, "awaited_verb", each) for each in args), **kwargs)
            if inspect.iscoroutine(result):
                answer = self._loop.run(result)
                return Adapted(answer, self._loop) if isinstance(answer, ADAPTED) else answer
            return self._items(result) if inspect.isasyncgen(result) else Adapted(result, self._loop)

        call.awaited_verb = verb  # type: ignore[attr-defined]
        return call

    def _items(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def item() -> list[Any]:
            return [each async for each in _first(items)]

        while got := self._loop.run(item()):
            yield from got

    def __enter__(self) -> Any:
        entered = self._loop.run(self.target.__aenter__())
        return self if entered is self.target else entered

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self.target.__aexit__(kind, error, trace))


async def _first(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        yield await anext(items)
    except StopAsyncIteration:
        return
