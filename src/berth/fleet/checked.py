"""Long loops that check the time: whether their thread is needed for something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

Check = Callable[[], None]
"""What checks the time: it may pause, or raise what ends the loop."""

ITEMS_PER_CHECK: Final = 64
"""Items, such as providers to render, after which the time is checked: less than a millisecond."""


def checked(items: Iterable[T], check: Check) -> Iterator[T]:
    """Yield the items, and call `check` after some of them."""
    remaining = iter(items)
    while some := list(islice(remaining, ITEMS_PER_CHECK)):
        yield from some
        check()


def unchecked() -> None:
    """Let a loop go on: its thread has time."""
