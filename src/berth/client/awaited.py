"""Verbs as coroutines: what an asynchronous object makes of those of a client on an asynchronous transport."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def awaited(verb: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Return a verb as a method that is awaited, of an object that has the verbs as `_verbs`."""

    @wraps(verb)
    async def coroutine(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: Any = verb(self._verbs, *args, **kwargs)
        answer: T = await result
        return answer

    return coroutine
