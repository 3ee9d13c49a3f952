"""Steps: the same generator for calls that have answered and for calls that are awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from berth.model.steps import Steps, finish, finish_awaiting, in_steps


def added(call: Any, log: list[str]) -> Steps[int]:
    try:
        first = yield call(1)
        second = yield call(2)
    except ValueError as error:
        log.append(str(error))
        return 0
    finally:
        log.append("end")
    return int(first + second)


async def later(value: int) -> int:
    await asyncio.sleep(0)
    if value > 2:
        raise ValueError(value)
    return value


def now(value: int) -> int:
    if value > 2:
        raise ValueError(value)
    return value


@pytest.mark.parametrize(("plus", "result", "log"), [(0, 3, ["end"]), (1, 0, ["3", "end"])])
def test_both_ways_have_the_same_result(plus: int, result: int, log: list[str]) -> None:
    for finished in (
        lambda heard: finish(added(lambda value: now(value + plus), heard)),
        lambda heard: asyncio.run(finish_awaiting(added(lambda value: later(value + plus), heard))),
    ):
        heard: list[str] = []
        assert (finished(heard), heard) == (result, log)


def test_a_cancellation_is_seen_by_the_steps() -> None:
    log: list[str] = []

    async def run() -> None:
        task = asyncio.create_task(finish_awaiting(added(lambda _: asyncio.sleep(60), log)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert log == ["end"]


class Verbs:
    def _run(self, steps: Steps[int]) -> Any:
        return finish(steps)

    @in_steps
    def twice(self, value: int) -> Steps[int]:
        """Return twice the value."""
        got = yield value
        return int(2 * got)


def test_a_verb_keeps_its_name_and_docstring() -> None:
    assert Verbs().twice(value=4) == 8
    assert (Verbs.twice.__name__, Verbs.twice.__doc__) == ("twice", "Return twice the value.")
