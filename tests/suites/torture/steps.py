"""Transactions carried out step by step, in an order that the test chooses."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Engine, event

from berth.ledger import Ledger
from berth.model.errors import BerthError
from berth.store.backend import Purpose

STEPS = 3
"""To lock the head (or begin, on SQLite), to write the first row, to commit."""

BLOCKED_S = 0.03
"""Who has not come to the next step after this long waits for a lock."""

END_S = 60


class Stepper:
    """One ledger, as a process of its own has it, that stops before each step until it is released."""

    def __init__(self, ledger: Ledger, action: Callable[[Ledger], Any]) -> None:
        self.ledger, self._action = ledger, action
        self.outcome = "nothing"
        self._free = False
        self._permits = threading.Semaphore(0)
        self._paused = threading.Event()
        self._ended = threading.Event()
        self._written = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        engine = ledger._writer.database._engine(Purpose.WRITE)
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "commit", self._before_commit)
        self._engine: Engine = engine
        self._began = False

    def start(self) -> None:
        self._thread.start()

    def step(self) -> None:
        """Let it go on to its next stop, or until it waits for a lock."""
        self._settled()
        self._paused.clear()
        self._permits.release()
        self._settled()

    def let_go(self) -> None:
        """Stop it no more."""
        self._free = True
        self._permits.release(1000)

    def finish(self) -> str:
        """Wait for its end; returns what came of it."""
        assert self._ended.wait(END_S), "it waits for ever"
        return self.outcome

    def run_freely(self) -> None:
        """Let a ledger whose transaction has ended run without stops."""
        event.remove(self._engine, "before_cursor_execute", self._before_statement)
        event.remove(self._engine, "commit", self._before_commit)

    def _settled(self) -> None:
        if not self._ended.is_set():
            self._paused.wait(BLOCKED_S)

    def _run(self) -> None:
        try:
            self._action(self.ledger)
            self.outcome = "done"
        except BerthError as error:
            self.outcome = type(error).__name__
        finally:
            self._ended.set()
            self._paused.set()

    def _before_statement(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not self._began:
            self._began = True
            self._stop()
        elif not self._written and statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            self._written = True
            self._stop()

    def _before_commit(self, _connection: Any) -> None:
        self._stop()
        self._began = self._written = False

    def _stop(self) -> None:
        if not self._free:
            self._paused.set()
            self._permits.acquire()


def orders(transactions: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Yield every order in which this many transactions can take this many steps each."""

    def extend(left: Counter[int], so_far: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if not +left:
            yield so_far
        for each in sorted(+left):
            yield from extend(left - Counter([each]), (*so_far, each))

    return extend(Counter(dict.fromkeys(range(transactions), steps)), ())


def play(steppers: Sequence[Stepper], order: Sequence[int]) -> tuple[str, ...]:
    """Take the steps in this order, then all to their end; returns what came of each."""
    try:
        for stepper in steppers:
            stepper.start()
        for each in order:
            steppers[each].step()
    finally:
        # All at once, also if this was broken off: who holds a lock that another waits for must be able to end.
        for stepper in steppers:
            stepper.let_go()
    outcomes = tuple(stepper.finish() for stepper in steppers)
    for stepper in steppers:
        stepper.run_freely()
    return outcomes
