"""What a piece of work costs, in measures that are the same on every machine and under every load."""

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
    """How many bytecode instructions a call carries out in this thread. Work inside C is not seen."""
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
    gc.disable()  # what is called when something of before is collected is not of this work
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def peak_bytes(work: Callable[[], object]) -> int:
    """How much memory a call holds at once, arrays included: what it looks at in C shows here."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """The statements that are sent to any database meanwhile, by their text; an executemany is one."""
    seen: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        seen[text] += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
