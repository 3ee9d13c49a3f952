"""Work that may hang: done by one thread, for all who ask meanwhile, and waited for only so long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Does one thing, never twice at the same time: whatever hangs there costs one thread, however many ask."""

    def __init__(self, name: str, work: Callable[[], T]) -> None:
        self._name, self._work = name, work
        self._lock = threading.Lock()
        self._under_way: Future[T] | None = None

    async def result(self, seconds: float) -> T:
        """What the work comes to; TimeoutError if that takes longer, and whatever the work raises."""
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._begun())), seconds)

    def _begun(self) -> Future[T]:
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way = Future()
                # Not a pool's: a process is not to wait at its end for what hangs.
                thread = threading.Thread(target=self._do, args=(self._under_way,), name=self._name, daemon=True)
                thread.start()
            return self._under_way

    def _do(self, result: Future[T]) -> None:
        try:
            result.set_result(self._work())
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
            result.set_exception(error)
