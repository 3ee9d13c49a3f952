"""Single flight: one thread does work that may hang, for all callers that ask for it at the same time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from berth.model.errors import Unavailable

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Does one piece of work, never twice at the same time, so that a hang costs one thread only."""

    def __init__(self, name: str, work: Callable[[], T]) -> None:
        self._name, self._work = name, work
        self._lock = threading.Lock()
        self._running: Future[T] | None = None

    async def result(self, seconds: float) -> T:
        """Return the result of the work.

        Raise TimeoutError if it takes longer, Unavailable if no thread can be started, or what the work raises.
        """
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._start())), seconds)

    def _start(self) -> Future[T]:
        with self._lock:
            if self._running is None or self._running.done():
                begun = Future[T]()
                # Not a pool: at exit a process would wait for a thread that hangs.
                thread = threading.Thread(target=self._do, args=(begun,), name=self._name, daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # and no later caller waits for this one
                    raise Unavailable(f"this process can start no thread: {error}") from error
                self._running = begun
            return self._running

    def _do(self, result: Future[T]) -> None:
        try:
            result.set_result(self._work())
        except BaseException as error:  # noqa: BLE001 - the waiting callers get it
            result.set_exception(error)
