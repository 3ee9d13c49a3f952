"""The cost of a call, in measures that do not depend on the machine or its load."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event


def operations(work: Callable[[], object]) -> int:
    """Return how many bytecode instructions a call executes in this thread. Work inside C is not counted."""
    count = 0

    def step(frame: FrameType, kind: str, _: Any) -> Any:
        nonlocal count
        if kind == "opcode":
            count += 1
        else:
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    before = sys.gettrace()
    gc.collect()
    gc.disable()  # finalizers of earlier objects are not part of this work
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def peak_bytes(work: Callable[[], object]) -> int:
    """Return the peak memory of a call, including arrays, so that work inside C shows."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """Yield a counter of the statements sent to any database, by their text; an executemany counts once."""
    seen: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        seen[text] += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
