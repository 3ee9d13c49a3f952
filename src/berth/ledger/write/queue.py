"""The queue of commands, and whose turn it is to carry them out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from berth.ledger.write.batch import Batch
from berth.ledger.write.batch_plan import BatchPlan
from berth.ledger.write.pending_command import PendingCommand

MOST_PASSED: Final = 512
"""How many commands that have to wait for a later batch let others pass."""


class CommandQueue:
    """Commands that wait, and the right to carry them out, which one thread has at a time.

    Every method but `work` is one step. Some need the right to work and others do not, so that two may overlap: what
    they share is changed in calls that are atomic in themselves. A test explores all the interleavings of both.
    A batch stays in hand until its last command is settled or put back, so that nothing is lost if the thread that
    carries it out is interrupted: the next one finds it there.
    """

    def __init__(self) -> None:
        self._waiting: deque[PendingCommand] = deque()
        self._passed: list[PendingCommand] = []
        self._unsearched: deque[PendingCommand] = deque()
        self._in_hand = Batch(())
        self._at_work = threading.Lock()

    def work(
        self, carry_out: Callable[[Batch], bool], search: Callable[[list[PendingCommand]], None], brief: bool = False
    ) -> bool:
        """Carry out all that is queued, unless another thread is doing so: then leave it to that one.

        Return False if `carry_out` did so: something is left that needs another thread. search: called without the
        right to work, for commands whose candidates have gone. brief: take only commands that do not take long.

        A thread that finds another at work leaves its command to that one, which therefore looks at the queue again
        after it has released the right.
        """
        while self.waits():
            if not self.acquire():
                return True
            try:
                while batch := self.next_batch(brief):
                    if not carry_out(batch):
                        return False
                if brief and self.waits():
                    return False
            finally:
                self.release()
            unsearched = self.take_unsearched()
            try:
                search(unsearched)
            finally:
                self.add_searched(unsearched)
        return True

    # --- Steps ---

    def add(self, pending: PendingCommand) -> None:
        """Add a command at the end."""
        self._waiting.append(pending)

    def waits(self) -> bool:
        """Whether there is anything to carry out, or to go on with."""
        return bool(self._waiting or self._passed or self._unsearched or not self._in_hand.is_settled)

    def acquire(self) -> bool:
        """Acquire the right to work; return False if another thread has it."""
        return self._at_work.acquire(blocking=False)

    def release(self) -> None:
        """Release the right to work. The caller then has to look at the queue once more."""
        self._at_work.release()

    def next_batch(self, brief: bool = False) -> Batch:
        """Return the next batch: first what an interrupted thread has left. Only the thread at work may ask for it."""
        left = self._in_hand.unsettled()
        if left:
            self._in_hand.pending = left
            return Batch(()) if brief and not all(each.is_brief for each in left) else self._in_hand
        taken: list[PendingCommand] = []
        self._in_hand = Batch(taken)
        self._restore_passed()
        if not self._waiting:
            return self._in_hand
        plan = BatchPlan()
        while self._waiting and not plan.is_full and len(self._passed) < MOST_PASSED:
            first = self._waiting[0]
            if brief and not first.is_brief:
                break
            if not plan.admits(first):
                plan.pass_by(first)
                self._passed.append(first)
            elif first.start():
                taken.append(first)
                plan.add(first)
            self._waiting.remove(first)  # not the first: another thread may have put what it searched for before it
        self._restore_passed()
        self._in_hand.pending = plan.commands
        return self._in_hand

    def _restore_passed(self) -> None:
        if self._passed:
            self._waiting.extendleft(reversed(self._passed))
            self._passed.clear()

    def put_back(self, pending: Sequence[PendingCommand]) -> None:
        """Put commands of the batch in hand back: at the front of the queue, or to be searched for again."""
        self._unsearched.extend(each for each in pending if each.needs_search)
        self._waiting.extendleft(each for each in reversed(pending) if not each.needs_search)
        self._in_hand.pending = self._in_hand.unsettled(pending)

    def take_unsearched(self) -> list[PendingCommand]:
        """Remove and return the commands for which candidates have to be searched for again, outside of every lock."""
        unsearched: list[PendingCommand] = []
        with suppress(IndexError):  # another thread may have taken the last one
            while True:
                unsearched.append(self._unsearched.popleft())
        return unsearched

    def add_searched(self, searched: Sequence[PendingCommand]) -> None:
        """Put such commands back: those for which candidates have been found at the front of the queue."""
        self._unsearched.extendleft(each for each in reversed(searched) if each.needs_search)
        self._waiting.extendleft(each for each in reversed(searched) if not each.needs_search)

    def wait_for_turn(self) -> threading.Lock:
        """Return the lock of the thread at work, for a caller that needs all others to have ended."""
        return self._at_work
