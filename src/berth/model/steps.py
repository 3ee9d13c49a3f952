"""Verbs of several steps, written once for programs that wait and for event loops.

Such a verb is a generator: it yields what each of its calls returns, and gets the answer back. A ledger and a client
have the answer already; to an asynchronous client each call returns an awaitable, which is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Steps = Generator[Any, Any, T]


def in_steps(verb: Callable[Concatenate[Any, P], Steps[T]]) -> Callable[Concatenate[Any, P], T]:
    """Return a method that carries out the steps of a verb, by the `_run` of its object."""

    @wraps(verb)
    def carried_out(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = self._run(verb(self, *args, **kwargs))
        return result

    return carried_out


def finish(steps: Steps[T]) -> T:
    """Carry out steps whose calls have returned their answers already."""
    answer = None
    try:
        while True:
            answer = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


async def finish_awaiting(steps: Steps[T]) -> T:
    """Carry out steps whose calls return awaitables. What one raises, or a cancellation, is raised in the steps."""
    take, given = steps.send, None
    try:
        while True:
            step = take(given)
            try:
                take, given = steps.send, await step
            except BaseException as error:  # noqa: BLE001 - the steps see it, also a cancellation
                take, given = steps.throw, error
    except StopIteration as end:
        result: T = end.value
        return result
