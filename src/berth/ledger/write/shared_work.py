"""Work that threads share: what several ask for at the same time is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from berth.model.errors import Unavailable

T = TypeVar("T")


class SharedWork(Generic[T]):
    """Work by key. A thread that asks for what another one is doing waits for its result, or for its failure."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[T]] = {}

    def is_running(self, key: Hashable) -> bool:
        """Whether a thread is doing this work."""
        return key in self._running

    def result(self, key: Hashable, work: Callable[[], T], wait_s: float) -> T:
        """Do this work, unless another thread does: then return its result. Raises Unavailable after `wait_s`."""
        mine: Future[T] = Future()
        with self._lock:
            shared = self._running.setdefault(key, mine)
        if shared is mine:
            return self._do(key, work, mine)
        try:
            return shared.result(wait_s)
        except TimeoutError:
            raise Unavailable("the request timed out before a search ended") from None

    def _do(self, key: Hashable, work: Callable[[], T], mine: Future[T]) -> T:
        try:
            result = work()
        except Exception as error:
            mine.set_exception(error)
            raise
        except BaseException:
            mine.set_exception(Unavailable("the thread that was doing this was interrupted"))
            raise
        else:
            mine.set_result(result)
            return result
        finally:
            with self._lock:
                del self._running[key]
